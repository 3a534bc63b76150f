/** `naptune defenses`: what there is, what each trains, how large it is on a model, and where it comes from. */

import type { Command } from 'commander'
import { defenses } from '../../jobs/defenses.js'
import type { JobInput } from '../../jobs/job.js'
import { modelOption } from '../options/input-options.js'
import { addSharedOptions, type SharedOptions } from '../options/shared-options.js'
import { jobInput, runJob } from '../run-job.js'
import { defensesText } from '../text/defenses-text.js'

type DefensesOptions = SharedOptions & JobInput<typeof defenses> & { readonly presets?: boolean }

/** Adds the command. */
export function addDefensesCommand(program: Command): void {
	addSharedOptions(
		program
			.command('defenses')
			.description(defenses.doc)
			.addOption(modelOption())
			.option('--presets', 'list the presets, too'),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune defenses --model openai/clip-vit-base-patch16`,
		)
		.action(({ presets = false, ...options }: DefensesOptions) =>
			runJob(defenses, options, {
				input: jobInput(options),
				text: (result) => defensesText(result, presets),
			}),
		)
}
