/** `naptune evaluate`: clean and robust accuracy of a tuned run, with vanilla CLIP as the control. */

import { join, resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { PreparedAttack } from '../../attacks/attack-definition.js'
import { prepareAttack } from '../../attacks/registry.js'
import { type Norm, type ThreatModel, threatModel } from '../../attacks/sets/threat-model.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { type Dataset, idsOf } from '../../data/dataset.js'
import { promptEnsembles } from '../../data/templates.js'
import { prepareDefense } from '../../defenses/registry.js'
import {
	type ChosenTestTimeDefense,
	chooseTestTimeDefense,
	testTimeDefenses,
} from '../../defenses/test-time/registry.js'
import { controlDefense } from '../../evaluation/deployed/control.js'
import { type Knowledge, knowledgeLevels, knowledgeNames, usualKnowledge } from '../../evaluation/deployed/knowledge.js'
import type { TunedRun } from '../../evaluation/deployed/tuned-run.js'
import { modelName } from '../../evaluation/robustness/record-name.js'
import { readAdversarialImages } from '../../evaluation/stores/adversarial-images.js'
import { requireStored, storedAttack } from '../../evaluation/stores/stored-attack.js'
import { sha256OfBytes } from '../../files/sha256.js'
import {
	attackListHelp,
	attackOption,
	checkEpsilon,
	epsilonInNormOption,
	limitOption,
	normOption,
	splitOption,
} from '../attack-options.js'
import { Interruption } from '../exit-codes.js'
import { normText, percent, percentInterval, sizeText } from '../format.js'
import { chosenImages, dataRootOption, loadData } from '../inputs.js'
import { type LoadingOptions, loaderThreadsOption, readableImages, tunedRun, unreadableOption } from '../loading.js'
import { accuracyTable, attackerKnows } from '../measure.js'
import { type MeasuredRow, measureModel } from '../measure-test-time.js'
import {
	addSharedOptions,
	attackSettingOption,
	batchSizeOption,
	collectSetting,
	commaList,
	runModelOption,
	type SharedOptions,
	seedOption,
} from '../options.js'
import { plannedRows } from '../planned-rows.js'
import { type Session, withSession } from '../session.js'
import { stageTable } from '../stage-table.js'
import { storedImages } from '../stored-images.js'
import { evaluationRun, type TrackingOptions, tellEvaluation, trackingOptions, withTracker } from '../tracking.js'

interface EvaluateOptions extends SharedOptions, LoadingOptions, TrackingOptions {
	readonly attack?: string
	readonly knowledge?: readonly Knowledge[]
	readonly images?: string
	readonly target?: string
	readonly keepImages?: string
	readonly norm: Norm
	readonly set: Readonly<Record<string, unknown>>
	readonly epsilon?: number
	readonly data?: string
	readonly split: 'train' | 'validation' | 'test'
	readonly limit?: number
	readonly batchSize: number
	readonly seed: number
	readonly vanilla: boolean
	readonly vanillaTemplates?: string | readonly string[]
	readonly model?: string
	readonly dataRoot?: string
	readonly testTime?: string
	readonly testTimeSet: Readonly<Record<string, unknown>>
}

/** Adds the command. */
export function addEvaluateCommand(program: Command): void {
	const means = { targets: true, listed: true } as const
	const command = addSharedOptions(
		program
			.command('evaluate')
			.description(
				'Attack a tuned model and count what it still gets right; vanilla CLIP under the same attack is the control. Several levels of knowledge that the attacker may have give a row each. A stopped evaluation goes on where it was; a finished row is read from its record.',
			)
			.argument('<run>', 'run directory of naptune tune')
			.addOption(attackOption("attack, see below (default: that of the run's preset, or pgd-100)", means))
			.addOption(attackSettingOption('restarts=5'))
			.addOption(
				new Option(
					'--knowledge <levels>',
					`what the attacker knows, one or more of ${knowledgeNames.join(',')}; encoder-only is attacked by feature-pgd and query by square, where another attack was chosen (default: all that the attack can use)`,
				).argParser(knowledgeList),
			)
			.addOption(
				new Option(
					'--target <class>',
					'class that images are to be taken for; needs a targeted attack, such as pgd-100-targeted (default: any other than the true one)',
				).conflicts('images'),
			)
			.addOption(
				new Option(
					'--images <folder>',
					'score adversarial images that naptune generate or --keep-images stored (default: attack now)',
				).conflicts(['attack', 'set', 'knowledge', 'keepImages', 'epsilon', 'norm']),
			)
			.option('--keep-images <folder>', 'store the adversarial images, in a folder for each row (default: not stored)')
			.addOption(normOption())
			.addOption(
				new Option(
					'--test-time <name>',
					'measure every model with this around it as well, which changes image or prompts for each image (default: none)',
				).choices([...testTimeDefenses.keys()]),
			)
			.addOption(
				new Option('--test-time-set <key=value>', 'any option of it, such as steps=4; may be repeated')
					.argParser(collectSetting)
					.default({}, 'none'),
			)
			.addOption(
				epsilonInNormOption(
					"size of the perturbation for pixels in [0, 1], such as 1/255, or 0.5 in L2 (default: in L-infinity that of the run's preset, or of its inner attack)",
				),
			)
			.option('--data <folder-or-name>', "other data to attack, with their own classes (default: the run's data)")
			.addOption(splitOption())
			.addOption(limitOption('all, with --images those of the store'))
			.addOption(batchSizeOption())
			.addOption(seedOption('seed of the attack and of the choice of images', 1))
			.addOption(
				new Option(
					'--vanilla-templates <name-or-texts>',
					`prompts of the control: an ensemble (${Object.keys(promptEnsembles).join(', ')}), or templates with {} separated by | (default: the data set's own)`,
				).argParser(templateList),
			)
			.option('--no-vanilla', 'leave the control out')
			.addOption(loaderThreadsOption())
			.addOption(unreadableOption())
			.addOption(runModelOption())
			.addOption(dataRootOption('where the run found them')),
	)
		.addHelpText(
			'after',
			`
${attackListHelp(means)}

What the attacker may know:
${Object.entries(knowledgeLevels)
	.map(([level, what]) => `  ${level.padEnd(12)}  ${what}`)
	.join('\n')}

Examples:
  $ naptune evaluate runs/photos --attack pgd-100 --epsilon 1/255 --limit 200
  $ naptune evaluate runs/photos --attack autoattack --limit 200
  $ naptune evaluate runs/photos --knowledge encoder-only,prompt-aware,full,transfer,query
  $ naptune evaluate runs/photos --attack pgd-100-targeted --target cat
  $ naptune evaluate runs/photos --images images/cwa
  $ naptune evaluate runs/photos --test-time ttc --limit 200`,
		)
		.hook('preAction', checkEpsilon)
		.action((run: string, options: EvaluateOptions) =>
			withSession(options, (session) => runEvaluate(run, options, session)),
		)
	trackingOptions(command)
}

async function runEvaluate(directory: string, options: EvaluateOptions, session: Session): Promise<void> {
	const run = await tunedRun(session, resolve(directory), options.model, options.dataRoot)
	const store = options.images === undefined ? undefined : await readAdversarialImages(resolve(options.images))
	const attack = store ? storedAttack(store) : prepareAttack(options.attack ?? run.protocol.attack, options.set)
	const seed = store?.manifest.seed ?? options.seed
	const threat = store?.manifest.threatModel ?? chosenThreat(options, run)
	const testTime = chosenTestTime(options, run.trainedEpsilon)
	const whole = await evaluatedData(run, options, session)
	const chosen =
		store && options.limit === undefined
			? storedImages(store, whole, options.split, session)
			: chosenImages(whole, options)
	const { dataset, split } = await readableImages(session, whole, chosen, options.split, options.unreadable)
	if (store) requireStored(store, idsOf(split))
	const target = chosenTarget(options, attack, dataset)
	const levels = options.knowledge ?? [usualKnowledge(attack)]
	if (testTime && options.knowledge) {
		throw new NaptuneError(
			'With --test-time every model is attacked with full knowledge and by transfer anyway; leave --knowledge out.',
		)
	}
	const protocol = `${split.length} ${options.split} images of ${dataset.name}, ${normText(threat.norm)} epsilon ${sizeText(threat)}, seed ${seed}`
	session.progress.line(`${protocol}, ${attack.name}`)
	// What was learned belongs to no class: on other data the same parameters stand beside other names.
	const { name, config } = run.defense
	const defense = options.data ? prepareDefense(name, run.clip, dataset.classNames, config) : run.defense
	const models = [
		...(options.vanilla
			? [{ defense: controlDefense(run.clip, dataset, options.vanillaTemplates), parameters: {} }]
			: []),
		{ defense, parameters: run.parameters },
	]
	const folder = options.data ? join(run.directory, 'transfer', folderOf(dataset)) : join(run.directory, 'evaluations')
	const tracked = await evaluationRun(run.directory, folder, options.data && dataset.name)
	const found = await withTracker(options, session, tracked, async (tracker) => {
		tracker.params({ run: run.directory, defense: { name, ...config }, data: dataset.name })
		const rows: MeasuredRow[] = []
		for (const { model, knowledge, how } of plannedRows(models, levels, attack, run, dataset, session)) {
			const input = {
				clip: run.clip,
				dataset,
				splitName: options.split,
				split,
				...model,
				attack: how,
				knowledge,
				threatModel: threat,
				...defined({ target }),
				seed,
				batchSize: options.batchSize,
				...(options.keepImages === undefined ? { reuse: true } : { storesIn: resolve(options.keepImages) }),
				folder,
			}
			const measured = await measureModel(session, input, testTime)
			if (!measured) throw new Interruption('Stopped. The outcomes are saved; the same command goes on from there.')
			rows.push(...measured)
			for (const row of measured) tellEvaluation(tracker, row)
		}
		return rows
	})
	const kept = found.flatMap(({ store }) => store ?? [])
	const staged = found.flatMap(({ row }) =>
		row.stages
			? [{ ...row, name: modelName(row), ...defined({ knows: levels.length > 1 ? attackerKnows(row) : undefined }) }]
			: [],
	)
	session.result(
		{
			run: run.directory,
			attack: attack.name,
			norm: threat.norm,
			epsilon: threat.epsilon,
			split: options.split,
			images: split.length,
			seed,
			...defined({
				target: options.target,
				store: options.images !== undefined ? resolve(options.images) : undefined,
				stores: kept.length > 0 ? kept : undefined,
			}),
			notices: dataset.notices,
			rows: found.map(({ row, records }) => ({
				defense: row.defense.name,
				attack: row.attack.name,
				knowledge: row.knowledge,
				...defined({ testTime: row.testTime ? row.testTime.name : undefined }),
				attackerKnows: attackerKnows(row),
				clean: row.clean,
				robust: row.robust,
				...defined({
					reached: row.reached || undefined,
					stages: row.stages || undefined,
					passes: row.passes || undefined,
				}),
				seconds: row.seconds,
				...(records.length === 1 ? { record: records[0] } : { records }),
			})),
		},
		[
			accuracyTable(found.map(({ row }) => row)),
			'',
			...(options.target !== undefined ? [reachedLines(found, options.target), ''] : []),
			...(staged.length > 0 ? [stageTable(staged), ''] : []),
			`${protocol}; per-image outcomes:`,
			...new Set(found.flatMap(({ records }) => records.map((path) => `  ${path}`))),
			...(kept.length > 0
				? ['adversarial images, to be tried with --images:', ...kept.map((path) => `  ${path}`)]
				: []),
		].join('\n'),
	)
}

/** Position of the target class. @throws NaptuneError when attack and target do not go together, or it is no class. */
function chosenTarget(
	{ target }: EvaluateOptions,
	attack: PreparedAttack,
	{ classNames }: Dataset,
): number | undefined {
	if (target === undefined) {
		if (!attack.targeted) return undefined
		throw new NaptuneError(
			`Attack ${attack.name} is targeted; say at which class by --target, such as ${classNames[0]}.`,
		)
	}
	if (!attack.targeted) {
		throw new NaptuneError(
			`Attack ${attack.name} is not targeted, so --target ${target} would do nothing; choose pgd-100-targeted, or leave it out.`,
		)
	}
	const position = classNames.indexOf(target)
	if (position >= 0) return position
	throw new NaptuneError(`The data have no class ${target} to aim at; they have ${classNames.join(', ')}.`)
}

function reachedLines(found: readonly MeasuredRow[], target: string): string {
	return found
		.flatMap(({ row }) =>
			row.reached
				? [
						`${modelName(row)}: ${percent(row.reached.accuracy).trim()} ${percentInterval(row.reached.interval)} of the attacked images of other classes are taken for ${target}`,
					]
				: [],
		)
		.join('\n')
}

function chosenThreat({ norm, epsilon }: EvaluateOptions, { protocol }: TunedRun): ThreatModel {
	if (norm === 'l2' && epsilon === undefined) {
		throw new NaptuneError(
			'In L2 give --epsilon, such as 0.5; the run was tuned and is meant to be attacked in L-infinity.',
		)
	}
	return threatModel(norm, epsilon ?? protocol.epsilon)
}

function knowledgeList(text: string): Knowledge[] {
	const names = commaList(text)
	const unknown = names.filter((name) => !(knowledgeNames as readonly string[]).includes(name))
	if (unknown.length === 0) return [...new Set(names as Knowledge[])]
	throw new InvalidArgumentError(`Unknown: ${unknown.join(', ')}; choose among ${knowledgeNames.join(', ')}.`)
}

/** A folder name that differs where data sets of one name have other images. */
function folderOf({ name, test }: Dataset): string {
	const ids = Array.from({ length: test.length }, (_, index) => [test.id(index), test.label(index)])
	return `${name}-${sha256OfBytes(JSON.stringify(ids)).slice(0, 8)}`
}

/** The name of an ensemble, or templates. */
function templateList(text: string): string | string[] {
	return text.includes('{}') ? text.split('|').map((template) => template.trim()) : text
}

async function evaluatedData(run: TunedRun, { data, seed }: EvaluateOptions, session: Session): Promise<Dataset> {
	if (data !== undefined) return loadData(session, data, seed, run.dataRoot)
	const dataset = await run.dataset()
	for (const notice of dataset.notices) session.progress.line(`note: ${notice}`)
	return dataset
}

function chosenTestTime(
	{ testTime, testTimeSet }: EvaluateOptions,
	trainedEpsilon: number,
): ChosenTestTimeDefense | undefined {
	if (testTime === undefined) {
		if (Object.keys(testTimeSet).length === 0) return undefined
		throw new NaptuneError(
			`Options of a test-time defense were given (${Object.keys(testTimeSet).join(', ')}), but none was chosen; add --test-time with one of ${[...testTimeDefenses.keys()].join(', ')}.`,
		)
	}
	const statistics = testTimeDefenses.get(testTime)?.needsTrainingImages ? { statisticsEpsilon: trainedEpsilon } : {}
	return chooseTestTimeDefense(testTime, { ...statistics, ...testTimeSet })
}
