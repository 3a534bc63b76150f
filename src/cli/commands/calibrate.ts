/** `naptune calibrate`: what the size of the refiners' corrections says of an image, measured on clean and attacked ones. */

import { join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { PreparedAttack } from '../../attacks/attack-definition.js'
import { prepareAttack } from '../../attacks/registry.js'
import { threatModel } from '../../attacks/sets/threat-model.js'
import { defined } from '../../core/defined.js'
import { deployedClassifier } from '../../evaluation/deployed/deployed-classifier.js'
import type { TunedRun } from '../../evaluation/deployed/tuned-run.js'
import { flagRates } from '../../evaluation/detection/assessment.js'
import type { DetectionResult } from '../../evaluation/detection/detection.js'
import {
	type Calibration,
	calibrate,
	calibrationFile,
	scoreTaps,
} from '../../evaluation/detection/recorded-calibration.js'
import { detectionFile, recordedDetection } from '../../evaluation/detection/recorded-detection.js'
import { evasionObjective } from '../../evaluation/retrieval/evasion-objective.js'
import { runFolders } from '../../records/names.js'
import { attackOption, limitOption } from '../attack-options.js'
import { detectionText } from '../detection-table.js'
import { ownImagesText, rateText } from '../flag-text.js'
import { epsilonText } from '../format.js'
import { chosenImages, dataRootOption } from '../inputs.js'
import { loaderThreadsOption, tunedRun } from '../loading.js'
import {
	addSharedOptions,
	attackSettingOption,
	batchSizeOption,
	falsePositiveRateOption,
	nonNegative,
	runEpsilonOption,
	runModelOption,
	type SharedOptions,
	seedOption,
} from '../options.js'
import { type Session, withSession } from '../session.js'

interface CalibrateOptions extends SharedOptions {
	readonly falsePositiveRate: number
	readonly attack?: string
	readonly set: Readonly<Record<string, unknown>>
	readonly adaptiveWeight: number
	readonly epsilon?: number
	readonly limit?: number
	readonly batchSize: number
	readonly seed: number
	readonly model?: string
	readonly dataRoot?: string
}

/** Adds the command. */
export function addCalibrateCommand(program: Command): void {
	addSharedOptions(
		program
			.command('calibrate')
			.description(
				"Score how heavily a run's refiners correct clean validation images, so that classify can tell unusual pictures; with --attack, measure whether the score detects attacks on test images.",
			)
			.argument('<run>', 'run directory of naptune tune')
			.addOption(falsePositiveRateOption())
			.addOption(attackOption('attack test images, too (default: none)'))
			.addOption(attackSettingOption('steps=50'))
			.addOption(
				new Option(
					'--adaptive-weight <number>',
					'weight of the scores for the attacker who evades them; 0 leaves that attack out',
				)
					.argParser(nonNegative)
					.default(10),
			)
			.addOption(runEpsilonOption('the attack'))
			.addOption(limitOption('all', 'test images'))
			.addOption(batchSizeOption())
			.addOption(seedOption('seed of the attack and of the choice of images', 1))
			.addOption(loaderThreadsOption())
			.addOption(runModelOption())
			.addOption(dataRootOption('where the run found them')),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune calibrate runs/photos --attack pgd-20 --limit 200`,
		)
		.action((run: string, options: CalibrateOptions) =>
			withSession(options, (session) => runCalibrate(run, options, session)),
		)
}

async function runCalibrate(directory: string, options: CalibrateOptions, session: Session): Promise<void> {
	const run = await tunedRun(session, resolve(directory), options.model, options.dataRoot)
	const { clip, defense, parameters } = run
	session.writesTo(run.directory)
	const engine = await session.engine()
	const classifier = await deployedClassifier(engine, clip, defense, parameters)
	try {
		const calibration = await calibrate({
			run,
			classifier,
			fresh: true,
			onNotice: (notice) => session.progress.line(`note: ${notice}`),
			beforeBatch: session.stopIfAsked,
		})
		const rates = flagRates(calibration, options.falsePositiveRate)
		const detection = options.attack === undefined ? undefined : await detect(run, options, session, calibration)
		session.result(
			{
				run: run.directory,
				calibration: { ...rates, thresholds: calibration.thresholds, file: join(run.directory, calibrationFile) },
				...defined({ detection: detection ? detection.document : undefined }),
			},
			[calibrationText(calibration, options.falsePositiveRate), ...(detection ? ['', detection.text] : [])].join('\n'),
		)
	} finally {
		await classifier.release()
	}

	async function detect(
		run: TunedRun,
		{ limit, seed, batchSize, falsePositiveRate }: CalibrateOptions,
		{ progress, stopIfAsked }: Session,
		calibration: Calibration,
	) {
		const dataset = await run.dataset()
		const split = chosenImages(dataset, { split: 'test', seed, ...defined({ limit }) })
		const threat = threatModel('linf', options.epsilon ?? run.protocol.epsilon)
		const attacks = chosenAttacks(options, scoreTaps(classifier))
		const task = progress.start(`attacking ${defense.name}`, split.length, 'images')
		const input = {
			engine,
			clip,
			classifier,
			defense,
			parameters,
			dataset,
			splitName: 'test',
			split,
			attacks,
			threatModel: threat,
			seed,
			calibration,
			falsePositiveRate,
			batchSize,
			onProgress: task.update,
			beforeBatch: stopIfAsked,
		}
		const path = join(run.directory, runFolders.detection, detectionFile(input))
		const result = await recordedDetection({ ...input, path }).finally(() => task.end())
		const { images, cleanAccuracy, falsePositives } = result
		const numbers = { images, falsePositiveRate, cleanAccuracy, falsePositives, attacks: result.attacks }
		const protocol = `${split.length} test images, L-infinity epsilon ${epsilonText(threat.epsilon)}, seed ${seed}`
		return {
			document: { epsilon: threat.epsilon, seed, split: 'test', note: adaptiveNote(result), ...numbers, record: path },
			text: [detectionText(result), '', `${protocol}; every outcome: ${path}`, adaptiveNote(result)].join('\n'),
		}
	}
}

/** The plain white-box attack, and where an attack takes an objective, the one that also evades the scores. */
function chosenAttacks(
	{ attack = 'pgd-20', set, adaptiveWeight }: CalibrateOptions,
	scores: ReturnType<typeof scoreTaps>,
): PreparedAttack[] {
	const plain = prepareAttack(attack, set)
	if (plain.attack !== 'pgd' || adaptiveWeight === 0) return [plain]
	return [plain, prepareAttack(attack, { ...set, objective: evasionObjective(adaptiveWeight, scores) })]
}

function adaptiveNote({ attacks }: DetectionResult): string {
	const warning = 'The score is no defense, since an attacker who knows it can evade it'
	return attacks.length > 1
		? `${warning}; the second attack tries so with one weight and one number of steps, and stronger ones may do better.`
		: `${warning}; that was not measured here.`
}

function calibrationText(calibration: Calibration, rate: number): string {
	const { heavilyCorrected, highDisagreement, images, split } = flagRates(calibration, rate)
	const line = (name: string, sorted: readonly number[], flag: typeof heavilyCorrected) => {
		const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!.toPrecision(3)
		const flagged =
			flag.threshold === null
				? `too few images to flag any at ${rateText(rate)}`
				: `flagged above ${flag.threshold.toPrecision(3)}, which ${ownImagesText(flag, split)}`
		return `${name}: ${at(0)} to ${at(1)}, median ${at(0.5)}; ${flagged}`
	}
	const { correction, disagreement } = calibration.scores
	return [
		`Scores of ${images} clean ${split} images:`,
		line('  correction  ', correction, heavilyCorrected),
		...(disagreement && highDisagreement ? [line('  disagreement', disagreement, highDisagreement)] : []),
	].join('\n')
}
