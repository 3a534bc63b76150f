/** Measures how far an attack moves the tokens of every layer, before and after the refiner. */

import { join } from 'node:path'
import { z } from 'zod'
import { prepareAttack } from '../attacks/registry.js'
import { threatModel } from '../attacks/sets/threat-model.js'
import { controlDefense } from '../evaluation/deployed/control.js'
import { recordedDistortion } from '../evaluation/distortion/recorded-distortion.js'
import { recordName } from '../evaluation/robustness/record-name.js'
import { distortionKind } from '../records/distortion.js'
import { runFolders } from '../records/names.js'
import { distortionFigure } from '../report/distortion-figure.js'
import { writeFigure } from '../report/figure.js'
import {
	countField,
	epsilonField,
	runFields,
	seedField,
	settingsField,
	splitField,
	unreadableField,
} from './common/fields.js'
import { readableImages } from './common/images.js'
import { chosenImages, tunedRun } from './common/inputs.js'
import { protocolText } from './common/protocol-text.js'
import { attackedFields, noticesField } from './common/result-fields.js'
import { stopped } from './common/stopped.js'
import { defineJob, startTask } from './job.js'

/** The input of {@link distortion}. */
export const distortionInput = z.strictObject({
	...runFields,
	/** Name of the attack on both models. */
	attack: z.string().default('pgd-20'),
	/** Options of the attack that override its defaults. */
	set: settingsField,
	/** L-infinity size of attack and noise; by default the size of the run's preset, or of its inner attack. */
	epsilon: epsilonField.optional(),
	/** Images to perturb. */
	split: splitField.default('test'),
	/** Maximum number of images, balanced over the classes; at least 2. */
	limit: z.int().min(2).default(100),
	/** Images per batch; affects only the speed. */
	batchSize: countField.default(50),
	/** Seed of attack, noise and the choice of images. */
	seed: seedField.default(1),
	/** What to do with unreadable images: `stop`, or `exclude` them, which the job reports and records. */
	unreadable: unreadableField,
})

/** The result of {@link distortion}. */
export const distortionResult = z.object({
	run: z.string().describe('The run directory.'),
	attack: z.string(),
	...attackedFields,
	models: z.array(z.string()).describe('Names of the models, control first.'),
	notices: noticesField,
	measurements: distortionKind.schema.shape.measurements,
	record: z.string().describe('File of the record.'),
	figures: z.array(z.string()).describe('The figure as SVG and as PNG.'),
})

/**
 * Measures per layer how far a perturbation moves the image tokens of a tuned model, before and after its refiners, and of
 * vanilla CLIP: under an attack on each model and under noise of the same size. Writes a record and a figure.
 * @throws NaptuneError when run or data cannot be used.
 */
export const distortion = defineJob({
	name: 'distortion',
	doc: 'Measure per layer how far a perturbation moves the image tokens of a tuned model, before and after its refiners, and of vanilla CLIP: under an attack on each model and under noise of the same size. Writes a record and a figure into the run.',
	input: distortionInput,
	result: distortionResult,
	async run(input, context) {
		const run = await tunedRun(context, input)
		const attack = prepareAttack(input.attack, input.set)
		const threat = threatModel('linf', input.epsilon ?? run.protocol.epsilon)
		const whole = await run.dataset()
		const chosen = chosenImages(whole, input)
		const { dataset, split } = await readableImages(context, whole, chosen, input.split, input.unreadable)
		const { defense, parameters } = run
		const attacked = { data: dataset.name, ...threat, split: input.split, images: split.length, seed: input.seed }
		const protocol = protocolText(attacked, attack)
		context.onNote({ kind: 'plan', text: protocol })
		const folder = join(run.directory, runFolders.distortion)
		context.onFolder(folder)
		const inputs = { defense, split, attack, threatModel: threat, seed: input.seed, splitName: input.split }
		const path = join(folder, recordName(inputs))
		const task = startTask(context, 'attacking both models', 2 * split.length, 'images')
		const perImage = attack.cost(dataset.classNames.length).gradients
		let gradients = 0
		const record = await recordedDistortion({
			...inputs,
			engine: await context.engine(),
			clip: run.clip,
			dataset,
			control: { defense: controlDefense(run.clip, dataset), parameters: {} },
			tuned: { defense, parameters },
			batchSize: input.batchSize,
			path,
			signal: context.signal,
			onProgress: (done) => task.update(2 * done),
			onGradient: (images) => {
				gradients += images
				if (perImage) task.update(Math.min(Math.floor(gradients / perImage), 2 * split.length))
			},
		}).finally(task.end)
		if (!record) throw stopped('Stopped. Nothing was written; run the same command to start over.')
		const figures = ['svg', 'png'].map((ending) => path.replace(/json$/, ending))
		await writeFigure(distortionFigure(record, protocol), ...figures)
		return {
			run: run.directory,
			attack: attack.name,
			...attacked,
			models: record.models.map(({ name }) => name),
			notices: dataset.notices,
			measurements: record.measurements,
			record: path,
			figures,
		}
	},
})
