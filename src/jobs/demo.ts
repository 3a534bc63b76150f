/** Runs NAP-Tuning on the embedded model and data, from scratch to robust accuracies. */

import { join, resolve } from 'node:path'
import { z } from 'zod'
import { prepareAttack } from '../attacks/registry.js'
import { epsilonText } from '../attacks/sets/size-text.js'
import { parseEpsilon, threatModel } from '../attacks/sets/threat-model.js'
import { embeddedModel } from '../checkpoints/checkpoint.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { shellWord } from '../core/shell-word.js'
import { stratifiedSubset } from '../data/subsets.js'
import { controlDefense } from '../evaluation/deployed/control.js'
import type { EvaluationRecord } from '../evaluation/robustness/recorded-evaluation.js'
import type { TuningConfig } from '../methods/tuning/configuration.js'
import { prepareRun } from '../methods/tuning/prepare-tuning.js'
import { loadPreset, presetConfig, presetEvaluationSchema } from '../methods/tuning/presets.js'
import { tune } from '../methods/tuning/tune.js'
import { runFolders } from '../records/names.js'
import { accuracySchema } from '../records/parts/accuracy.js'
import { count, positive, seconds, share } from '../records/parts/fields.js'
import { counted, grouped } from '../report/number-text.js'
import { countField, seedField } from './common/fields.js'
import { followTuning } from './common/follow-tuning.js'
import { loadData, loadModel, noteNotices, packagedData } from './common/inputs.js'
import { measure } from './common/measure.js'
import { noticesField } from './common/result-fields.js'
import { stopped } from './common/stopped.js'
import { defineJob, type JobContext } from './job.js'
import type { TuneEvent } from './tune.js'

/** The input of {@link demo}. */
export const demoInput = z.strictObject({
	/** The paper's schedule on all test images (preset `paper`), which takes much longer. */
	full: z.boolean().default(false),
	/** Run directory to write; by default `runs/demo-<date and time>`. */
	output: z.string().optional(),
	/** Continue the demo that the output folder holds. */
	resume: z.boolean().default(false),
	/** Training images per class; by default the preset's. */
	shots: countField.optional(),
	/** Passes over the training images; by default the preset's. */
	epochs: countField.optional(),
	/** Test images to attack, balanced over the classes; by default the preset's. */
	images: countField.optional(),
	/** Seed of tuning and evaluation; by default the preset's. */
	seed: seedField.optional(),
})

/** The result of {@link demo}. */
export const demoResult = z.object({
	output: z.string().describe('The run directory, with every outcome.'),
	epsilon: z.number().describe('L-infinity size of the attack.'),
	images: positive.describe('Number of attacked test images.'),
	seed: count,
	seconds: seconds.describe('Wall-clock time of this call.'),
	notices: noticesField,
	rows: z.array(
		z.object({
			defense: z.string(),
			attack: z.string(),
			cleanAccuracy: share,
			robustAccuracy: share,
			interval: accuracySchema.shape.interval.describe('Interval of the robust accuracy.'),
			clean: accuracySchema,
			robust: accuracySchema,
			seconds: seconds.describe('Duration of the attack.'),
		}),
	),
})

/**
 * Tunes NAP on the embedded CLIP and photographs, then attacks it and vanilla CLIP; a few minutes on two cores.
 * @throws NaptuneError for the reasons that tuning and evaluation have.
 */
export const demo = defineJob({
	name: 'demo',
	doc: 'Tune NAP on the embedded CLIP and photographs, then attack it and vanilla CLIP with PGD-100; a few minutes on two cores.',
	input: demoInput,
	result: demoResult,
	async run(input, context: JobContext<TuneEvent>) {
		if (input.resume && input.output === undefined) {
			throw new NaptuneError(
				'NAP_OPTION_MISSING',
				'--resume needs --output FOLDER: the run directory of the demo to continue.',
			)
		}
		const started = performance.now()
		const preset = await loadPreset(input.full ? 'paper' : 'demo')
		const { shots, epochs } = input
		const { config, origin } = presetConfig(preset, undefined, defined({ shots, epochs, seed: input.seed }))
		const evaluation = presetEvaluationSchema.parse(preset.evaluation)
		const epsilon = parseEpsilon(evaluation.epsilon)
		const seed = input.seed ?? evaluation.seed
		const output = resolve(input.output ?? join('runs', `demo-${timestamp()}`))
		context.onFolder(output)
		const stop = () =>
			stopped(`Stopped. The work so far is saved; run naptune demo --resume --output ${shellWord(output)} to continue.`)

		const clip = await loadModel(context, embeddedModel)
		const dataset = await loadData(context, packagedData, config.seed)
		const { test } = dataset
		const images = input.images ?? evaluation.images
		const split = images === undefined ? test : stratifiedSubset(test, images, seed)
		for (const text of choices(preset.name, config, split.length, test.length, evaluation.attack, epsilon)) {
			context.onNote({ kind: 'plan', text })
		}
		const prepared = prepareRun({ clip, dataset, config })
		noteNotices(context, prepared.sample.notices.slice(dataset.notices.length))

		const engine = await context.engine()
		const follow = followTuning(context, config.epochs)
		const tuned = await tune({
			engine,
			clip,
			dataset,
			prepared,
			config,
			origin,
			output,
			resume: input.resume,
			signal: context.signal,
			onProgress: follow.onProgress,
			onNotice: ({ message }) => context.onNote({ kind: 'warning', text: message }),
			onEpoch: (record) => context.onEvent({ kind: 'epoch', record, epochs: config.epochs }),
		}).finally(follow.end)
		if (!tuned.finished) throw stop()

		const records: EvaluationRecord[] = []
		const models = [
			{ defense: controlDefense(clip, dataset), parameters: {} },
			{ defense: tuned.defense, parameters: tuned.parameters },
		]
		for (const model of models) {
			const measured = await measure(context, {
				clip,
				dataset,
				splitName: 'test',
				split,
				...model,
				attack: prepareAttack(evaluation.attack),
				threatModel: threatModel('linf', epsilon),
				seed,
				folder: join(output, runFolders.evaluations),
			})
			if (!measured) throw stop()
			records.push(measured.record)
		}
		return {
			output,
			epsilon,
			images: split.length,
			seed,
			seconds: (performance.now() - started) / 1000,
			notices: prepared.sample.notices,
			rows: records.map(({ defense, attack, clean, robust, seconds }) => ({
				defense: defense.name,
				attack: attack.name,
				cleanAccuracy: clean.accuracy,
				robustAccuracy: robust.accuracy,
				interval: robust.interval,
				clean,
				robust,
				seconds,
			})),
		}
	},
})

/** Announces the choices before the work begins. */
function choices(
	preset: string,
	config: TuningConfig,
	images: number,
	all: number,
	attack: string,
	epsilon: number,
): string[] {
	const { shots, epochs, batchSize, seed, defense } = config
	const subset = images === all ? `all ${grouped(all)}` : `a seeded choice of ${images} of ${grouped(all)}`
	return [
		`Model: the embedded nano CLIP. Data: ${packagedData}, photographs of 10 classes.`,
		`Preset ${preset}: ${defense.name} with ${counted(shots, 'shot')} per class, ${counted(epochs, 'epoch')} of batch ${batchSize},`,
		`  inner PGD-${config.attack.steps} at epsilon ${epsilonText(config.attack.epsilon)}, seed ${seed}.`,
		`Then ${attack} at epsilon ${epsilonText(epsilon)} on ${subset} test images.`,
		'',
	]
}

/** Local date and time as part of a file name. */
function timestamp(): string {
	const now = new Date()
	const two = (value: number) => String(value).padStart(2, '0')
	const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`
	return `${date}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`
}
