/** Measures, on clean and attacked images, what the size of the refiners' corrections says about an image. */

import { join } from 'node:path'
import { z } from 'zod'
import type { PreparedAttack } from '../attacks/attack-definition.js'
import { prepareAttack } from '../attacks/registry.js'
import { threatModel } from '../attacks/sets/threat-model.js'
import type { Classifier } from '../classifier/classifier.js'
import { at } from '../core/at.js'
import { defined } from '../core/defined.js'
import { deployedClassifier } from '../evaluation/deployed/deployed-classifier.js'
import type { TunedRun } from '../evaluation/deployed/tuned-run.js'
import { flagRates, flagRatesSchema } from '../evaluation/detection/assessment.js'
import { type Calibration, calibrate as calibrateRun, scoreTaps } from '../evaluation/detection/recorded-calibration.js'
import { detectionFile, recordedDetection } from '../evaluation/detection/recorded-detection.js'
import { evasionObjective } from '../evaluation/retrieval/evasion-objective.js'
import { calibrationKind } from '../records/calibration.js'
import { detectionKind } from '../records/detection.js'
import { runFiles, runFolders } from '../records/names.js'
import { count } from '../records/parts/fields.js'
import { countField, epsilonField, rateField, runFields, seedField, settingsField } from './common/fields.js'
import { chosenImages, tunedRun } from './common/inputs.js'
import { stopIfAsked } from './common/stopped.js'
import { defineJob, type JobContext, startTask } from './job.js'

/** The input of {@link calibrate}. */
export const calibrateInput = z.strictObject({
	...runFields,
	/** Share of clean images that may be flagged as heavily corrected. */
	falsePositiveRate: rateField,
	/** Attack to run on test images as well; by default none. */
	attack: z.string().optional(),
	/** Options of the attack that override its defaults. */
	set: settingsField,
	/** Weight that the evading attacker gives to the scores; 0 skips that attack. */
	adaptiveWeight: z.number().nonnegative().default(10),
	/** L-infinity size of the attack; by default the size of the run's preset, or of its inner attack. */
	epsilon: epsilonField.optional(),
	/** Number of test images, balanced over the classes; by default all. */
	limit: countField.optional(),
	/** Images per batch; affects only the speed. */
	batchSize: countField.default(50),
	/** Seed of the attack and of the choice of images. */
	seed: seedField.default(1),
})

const numbers = detectionKind.schema.shape

/** The result of {@link calibrate}. */
export const calibrateResult = z.object({
	run: z.string().describe('The run directory.'),
	calibration: flagRatesSchema.extend({
		scores: z
			.object({
				correction: z.array(z.number()).describe('Smallest, median and largest score.'),
				disagreement: z.array(z.number()).exactOptional(),
			})
			.describe('Scores of the clean images.'),
		thresholds: calibrationKind.schema.shape.thresholds,
		file: z.string(),
	}),
	detection: z
		.object({
			epsilon: z.number(),
			seed: count,
			split: z.literal('test'),
			note: z.string().describe('What the numbers do not show.'),
			images: numbers.images,
			falsePositiveRate: numbers.falsePositiveRate,
			cleanAccuracy: numbers.cleanAccuracy,
			falsePositives: numbers.falsePositives,
			attacks: numbers.attacks,
			record: z.string().describe('File that holds every outcome.'),
		})
		.exactOptional()
		.describe('Whether the scores detect the attack, if the input names one.'),
})

type Input = z.output<typeof calibrateInput>

/**
 * Scores how heavily a run's refiners correct clean validation images, so that `classify` can tell unusual pictures; with an
 * attack, also measures on test images whether the score detects it.
 * @throws NaptuneError when the run has no refiners, or run or data cannot be used.
 */
export const calibrate = defineJob({
	name: 'calibrate',
	doc: "Score how heavily a run's refiners correct clean validation images, so that classify can flag unusual pictures; with --attack, measure whether the score detects attacks on test images.",
	input: calibrateInput,
	result: calibrateResult,
	async run(input, context) {
		const run = await tunedRun(context, input)
		context.onFolder(run.directory)
		const classifier = await deployedClassifier(await context.engine(), run.clip, run.defense, run.parameters)
		try {
			const calibration = await calibrateRun({
				run,
				classifier,
				fresh: true,
				onNotice: (text) => context.onNote({ kind: 'note', text }),
				beforeBatch: () => stopIfAsked(context),
			})
			const { correction, disagreement } = calibration.scores
			return {
				run: run.directory,
				calibration: {
					...flagRates(calibration, input.falsePositiveRate),
					scores: {
						correction: spread(correction),
						...defined({ disagreement: disagreement && spread(disagreement) }),
					},
					thresholds: calibration.thresholds,
					file: join(run.directory, runFiles.calibration),
				},
				...defined({
					detection:
						input.attack === undefined
							? undefined
							: await detected(run, { ...input, attack: input.attack }, classifier, calibration, context),
				}),
			}
		} finally {
			await classifier.release()
		}
	},
})

/** Smallest, median and largest of ascending scores. */
function spread(sorted: readonly number[]): number[] {
	return [0, 0.5, 1].map((share) => at(sorted, Math.round(share * (sorted.length - 1))))
}

async function detected(
	run: TunedRun,
	input: Input & { readonly attack: string },
	classifier: Classifier,
	calibration: Calibration,
	context: JobContext,
) {
	const { limit, seed, batchSize, falsePositiveRate } = input
	const { clip, defense, parameters } = run
	const engine = await context.engine()
	const dataset = await run.dataset()
	const split = chosenImages(dataset, { split: 'test', seed, limit })
	const threat = threatModel('linf', input.epsilon ?? run.protocol.epsilon)
	const attacks = chosenAttacks(input, scoreTaps(classifier))
	const task = startTask(context, `attacking ${defense.name}`, split.length, 'images')
	const measuring = {
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
		beforeBatch: () => stopIfAsked(context),
	}
	const path = join(run.directory, runFolders.detection, detectionFile(measuring))
	const {
		images,
		cleanAccuracy,
		falsePositives,
		attacks: found,
	} = await recordedDetection({
		...measuring,
		path,
	}).finally(task.end)
	return {
		epsilon: threat.epsilon,
		seed,
		split: 'test' as const,
		note: adaptiveNote(found),
		images,
		falsePositiveRate,
		cleanAccuracy,
		falsePositives,
		attacks: found,
		record: path,
	}
}

/** The plain white-box attack and, if the attack takes an objective, the one that also evades the scores. */
function chosenAttacks(
	{ attack, set, adaptiveWeight }: Input & { readonly attack: string },
	scores: ReturnType<typeof scoreTaps>,
): PreparedAttack[] {
	const plain = prepareAttack(attack, set)
	if (plain.objective === undefined || adaptiveWeight === 0) return [plain]
	return [plain, prepareAttack(attack, { ...set, objective: evasionObjective(adaptiveWeight, scores) })]
}

function adaptiveNote(attacks: readonly unknown[]): string {
	const warning = 'The score is not a defense: an attacker who knows it can evade it'
	return attacks.length > 1
		? `${warning}. The second attack tries this with one weight and one number of steps; stronger attacks may succeed more often.`
		: `${warning}. This run did not measure such an attacker.`
}
