/** `naptune audit`: whether the robustness of a tuned run is real, or the attacks on it do not work. */

import { join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { threatModel } from '../../attacks/sets/threat-model.js'
import { defined } from '../../core/defined.js'
import { chooseTestTimeDefense, testTimeDefenses } from '../../defenses/test-time/registry.js'
import { auditEfforts } from '../../evaluation/audit/audit-input.js'
import { recordedAudit } from '../../evaluation/audit/recorded-audit.js'
import { auditChecks } from '../../evaluation/audit/registry.js'
import { modelName } from '../../evaluation/robustness/record-name.js'
import { recordFile } from '../../records/names.js'
import { limitOption, splitOption } from '../attack-options.js'
import { auditReport } from '../audit-report.js'
import { FailedCheck, Interruption } from '../exit-codes.js'
import { duration, epsilonText } from '../format.js'
import { chosenImages, dataRootOption } from '../inputs.js'
import { type LoadingOptions, loaderThreadsOption, readableImages, tunedRun, unreadableOption } from '../loading.js'
import {
	addSharedOptions,
	batchSizeOption,
	runEpsilonOption,
	runModelOption,
	type SharedOptions,
	seedOption,
} from '../options.js'
import { type Session, withSession } from '../session.js'

interface AuditOptions extends SharedOptions, LoadingOptions {
	readonly epsilon?: number
	readonly split: 'train' | 'validation' | 'test'
	readonly limit?: number
	readonly quick?: boolean
	readonly testTime?: string
	readonly batchSize: number
	readonly seed: number
	readonly model?: string
	readonly dataRoot?: string
}

/** Images by default, and with `--quick`. */
const usualImages = { full: 100, quick: 40 } as const

/** Adds the command. */
export function addAuditCommand(program: Command): void {
	addSharedOptions(
		program
			.command('audit')
			.description(
				'Check whether the measured robustness of a tuned run is real: whether gradients, attacks and the control behave as they must where nothing hides the gradient. Writes a record; a stopped audit goes on where it was. Exits with 3 when a check fails.',
			)
			.argument('<run>', 'run directory of naptune tune')
			.addOption(runEpsilonOption('the attacks'))
			.addOption(splitOption())
			.addOption(limitOption(`${usualImages.full}, with --quick ${usualImages.quick}`))
			.option(
				'--quick',
				`fewer images, ${auditEfforts.quick.steps} steps and ${auditEfforts.quick.queries} queries instead of ${auditEfforts.full.steps} and ${auditEfforts.full.queries}`,
			)
			.addOption(
				new Option(
					'--test-time <name>',
					'audit the run with this around it, which changes image or prompts for each image (default: none)',
				).choices([...testTimeDefenses.keys()]),
			)
			.addOption(batchSizeOption())
			.addOption(seedOption('seed of the attacks and of the choice of images', 1))
			.addOption(loaderThreadsOption())
			.addOption(unreadableOption())
			.addOption(runModelOption())
			.addOption(dataRootOption('where the run found them')),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune audit runs/photos --epsilon 1/255 --limit 200`,
		)
		.action((run: string, options: AuditOptions) => withSession(options, (session) => runAudit(run, options, session)))
}

async function runAudit(directory: string, options: AuditOptions, session: Session): Promise<void> {
	const run = await tunedRun(session, resolve(directory), options.model, options.dataRoot)
	const threat = threatModel('linf', options.epsilon ?? run.protocol.epsilon)
	const effort = options.quick ? 'quick' : 'full'
	const testTime =
		options.testTime === undefined
			? undefined
			: chooseTestTimeDefense(
					options.testTime,
					testTimeDefenses.get(options.testTime)?.needsTrainingImages ? { statisticsEpsilon: run.trainedEpsilon } : {},
				)
	const whole = await run.dataset()
	for (const notice of whole.notices) session.progress.line(`note: ${notice}`)
	const chosen = chosenImages(whole, { ...options, limit: options.limit ?? usualImages[effort] })
	const { dataset, split } = await readableImages(session, whole, chosen, options.split, options.unreadable)
	const { clip, defense, parameters } = run
	const name = modelName({ defense, testTime })
	const protocol = `${name}, ${split.length} ${options.split} images of ${dataset.name}, L-infinity epsilon ${epsilonText(threat.epsilon)}, seed ${options.seed}`
	session.progress.line(protocol)
	const folder = join(run.directory, 'audits')
	session.writesTo(folder)
	const subject = `${name.replaceAll(' ', '')}-${effort}`
	const named = { subject, threatModel: threat, split: options.split, images: split.length, seed: options.seed }
	const path = join(folder, recordFile(named))
	const task = session.progress.start('auditing', auditChecks.length, 'checks')
	let at = { done: 0, id: '' }
	const record = await recordedAudit({
		engine: await session.engine(),
		clip,
		defense,
		parameters,
		dataset,
		splitName: options.split,
		split,
		threatModel: threat,
		seed: options.seed,
		batchSize: options.batchSize,
		effort: auditEfforts[effort],
		path,
		...defined({ testTime: testTime || undefined }),
		signal: session.signal,
		onCheck(id, done) {
			at = { done, id }
			task.update(done, id)
		},
		onAttack: (description) => task.update(at.done, `${at.id}: ${description}`),
	}).finally(() => task.end())
	if (!record) throw new Interruption('Stopped. What was found is saved; the same command goes on from there.')
	const { passed, results, seconds } = record
	session.result(
		{
			run: run.directory,
			norm: threat.norm,
			epsilon: threat.epsilon,
			split: options.split,
			images: split.length,
			seed: options.seed,
			notices: dataset.notices,
			passed,
			results,
			seconds,
			record: path,
		},
		[auditReport(results), '', `${protocol}, ${duration(seconds)}; record:`, `  ${path}`].join('\n'),
	)
	if (!passed) throw new FailedCheck('A check of the audit failed.')
}
