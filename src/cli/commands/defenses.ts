/** `naptune defenses`: lists the defenses, what each one trains, its size on a model, and its source. */

import type { Command } from 'commander'
import { defenses } from '../../jobs/defenses.js'
import type { JobInput } from '../../jobs/job.js'
import { modelOption } from '../options/input-options.js'
import { addSharedOptions, type SharedOptions } from '../options/shared-options.js'
import { jobInput, runJob } from '../run-job.js'
import { defensesText } from '../text/defenses-text.js'

type DefensesOptions = SharedOptions & JobInput<typeof defenses> & { readonly presets?: boolean }

export function addDefensesCommand(program: Command): void {
	addSharedOptions(
		program
			.command('defenses')
			.description(defenses.doc)
			.addOption(modelOption())
			.option('--presets', 'also list the presets'),
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
