/** `naptune audit`: checks whether the robustness of a tuned run is real, or whether the attacks on it fail. */

import type { Command } from 'commander'
import { auditEfforts } from '../../evaluation/audit/audit-input.js'
import { audit, auditedImages } from '../../jobs/audit.js'
import type { JobInput } from '../../jobs/job.js'
import { limitOption, splitOption, testTimeOption } from '../options/attack-options.js'
import { dataRootOption } from '../options/input-options.js'
import { loaderThreadsOption, unreadableOption } from '../options/loading-options.js'
import {
	addSharedOptions,
	batchSizeOption,
	runEpsilonOption,
	runModelOption,
	type SharedOptions,
	seedOption,
} from '../options/shared-options.js'
import { jobInput, runJob } from '../run-job.js'
import { auditText } from '../text/audit-text.js'

type AuditOptions = SharedOptions & Omit<JobInput<typeof audit>, 'run'> & { readonly loaderThreads?: number }

export function addAuditCommand(program: Command): void {
	addSharedOptions(
		program
			.command('audit')
			.description(audit.doc)
			.argument('<run>', 'run directory of naptune tune')
			.addOption(runEpsilonOption('the attacks'))
			.addOption(splitOption())
			.addOption(limitOption(`${auditedImages.full}, with --quick ${auditedImages.quick}`))
			.option(
				'--quick',
				`fewer images, ${auditEfforts.quick.steps} steps and ${auditEfforts.quick.queries} queries instead of ${auditEfforts.full.steps} and ${auditEfforts.full.queries}`,
			)
			.addOption(
				testTimeOption(
					'audit the run with this test-time defense, which changes the image or the prompts for each image (default: none)',
				),
			)
			.addOption(batchSizeOption())
			.addOption(seedOption('seed of the attacks and the choice of images', 1))
			.addOption(loaderThreadsOption())
			.addOption(unreadableOption())
			.addOption(runModelOption())
			.addOption(dataRootOption('recorded in the run')),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune audit runs/photos --epsilon 1/255 --limit 200`,
		)
		.action((run: string, options: AuditOptions) =>
			runJob(audit, options, {
				input: { run, ...jobInput(options) },
				text: auditText,
				failed: ({ passed }) => !passed,
			}),
		)
}
