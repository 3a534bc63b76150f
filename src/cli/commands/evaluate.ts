/** `naptune evaluate`: clean and robust accuracy of a tuned run, with vanilla CLIP as the control. */

import type { Command } from 'commander'
import { evaluate } from '../../jobs/evaluate.js'
import type { JobInput } from '../../jobs/job.js'
import {
	attackListHelp,
	attackOption,
	checkEpsilon,
	epsilonInNormOption,
	knowledgeListHelp,
	knowledgeOption,
	limitOption,
	normOption,
	splitOption,
	testTimeOption,
} from '../options/attack-options.js'
import { dataRootOption, vanillaTemplatesOption } from '../options/input-options.js'
import { loaderThreadsOption, unreadableOption } from '../options/loading-options.js'
import { Option } from '../options/option.js'
import {
	addSharedOptions,
	attackSettingOption,
	batchSizeOption,
	runModelOption,
	type SharedOptions,
	seedOption,
	settingOption,
} from '../options/shared-options.js'
import { trackingOptions } from '../options/tracking-options.js'
import { jobInput, runJob } from '../run-job.js'
import { evaluationText } from '../text/evaluation-text.js'
import { runVerification, shareOption, type VerifyOptions, verifyOption } from '../verification.js'

type EvaluateOptions = SharedOptions &
	VerifyOptions &
	Omit<JobInput<typeof evaluate>, 'run'> & { readonly loaderThreads?: number }

export function addEvaluateCommand(program: Command): void {
	const means = { targets: true, listed: true } as const
	const command = addSharedOptions(
		program
			.command('evaluate')
			.description(evaluate.doc)
			.argument('<run>', 'run directory of naptune tune')
			.addOption(attackOption("attack, see below (default: the attack of the run's preset, or pgd-100)", means))
			.addOption(attackSettingOption('restarts=5'))
			.addOption(knowledgeOption())
			.addOption(
				new Option(
					'--target <class>',
					'target class of the attack; needs a targeted attack, such as pgd-100-targeted (default: any class but the true one)',
				).conflicts('images'),
			)
			.addOption(
				new Option(
					'--images <folder>',
					'measure on adversarial images stored by naptune generate or --keep-images (default: attack now)',
				).conflicts(['attack', 'set', 'knowledge', 'keepImages', 'epsilon', 'norm']),
			)
			.option('--keep-images <folder>', 'store the adversarial images, one folder per row (default: do not store)')
			.addOption(normOption())
			.addOption(
				testTimeOption(
					'also measure every model with this test-time defense, which changes the image or the prompts for each image (default: none)',
				),
			)
			.addOption(
				settingOption('any option of the test-time defense, such as steps=4; may be repeated', '--test-time-set'),
			)
			.addOption(
				epsilonInNormOption(
					"size of the perturbation for pixels in [0, 1], such as 1/255, or 0.5 in L2 (default: in L-infinity the size in the run's preset, or of its inner attack)",
				),
			)
			.option('--data <folder-or-name>', "other data to attack, with its own classes (default: the run's data)")
			.addOption(splitOption())
			.addOption(limitOption('all, or with --images those in the store'))
			.addOption(batchSizeOption())
			.addOption(seedOption('seed of the attack and the choice of images', 1))
			.addOption(vanillaTemplatesOption())
			.option('--no-vanilla', 'skip the control')
			.addOption(verifyOption())
			.addOption(shareOption())
			.addOption(loaderThreadsOption())
			.addOption(unreadableOption())
			.addOption(runModelOption())
			.addOption(dataRootOption('recorded in the run')),
	)
		.addHelpText(
			'after',
			`
${attackListHelp(means)}

${knowledgeListHelp()}

Examples:
  $ naptune evaluate runs/photos --attack pgd-100 --epsilon 1/255 --limit 200
  $ naptune evaluate runs/photos --attack autoattack --limit 200
  $ naptune evaluate runs/photos --knowledge encoder-only,prompt-aware,full,transfer,query
  $ naptune evaluate runs/photos --attack pgd-100-targeted --target cat
  $ naptune evaluate runs/photos --images images/cwa
  $ naptune evaluate runs/photos --test-time ttc --limit 200
  $ naptune evaluate runs/photos --verify their-record.json --share 0.1`,
		)
		.hook('preAction', checkEpsilon)
		.action(async (run: string, options: EvaluateOptions) => {
			const { verify, share, ...rest } = options
			if (verify !== undefined) return runVerification(run, { ...options, verify }, command)
			if (share !== undefined) command.error('error: --share needs --verify; name the record to recompute.')
			return runJob(evaluate, rest, { input: { run, ...jobInput(rest) }, text: evaluationText })
		})
	trackingOptions(command)
}
