/** Makes adversarial images on surrogates once, to try on any model. */

import { resolve } from 'node:path'
import { z } from 'zod'
import { openSurrogate } from '../attacks/files/open-surrogate.js'
import { threatModel } from '../attacks/sets/threat-model.js'
import { normalisations } from '../classifier/onnx-file/onnx-input.js'
import type { Dataset } from '../data/dataset.js'
import { generateAdversarialImages } from '../evaluation/stores/generate.js'
import { adversarialManifestForm } from '../records/adversarial-images.js'
import { count } from '../records/parts/fields.js'
import {
	countField,
	dataField,
	dataRootField,
	epsilonField,
	modelField,
	seedField,
	settingsField,
	splitField,
	unreadableField,
} from './common/fields.js'
import { readableImages } from './common/images.js'
import { chosenImages, loadData, loadModel } from './common/inputs.js'
import { protocolText } from './common/protocol-text.js'
import { stopped } from './common/stopped.js'
import { defineJob, type JobContext, type JobTask, startTask } from './job.js'

/** The input of {@link generate}. */
export const generateInput = z.strictObject({
	/** Folder of the images; new, or started by an earlier call. */
	store: z.string(),
	/** Classifiers of the same classes (.onnx), such as `surrogateTrain` makes. */
	surrogate: z.array(z.string()).min(1).readonly(),
	/** Normalisation of surrogates that do not declare one; by default guessed, with a note. */
	normalisation: z.enum(Object.keys(normalisations) as (keyof typeof normalisations)[]).optional(),
	/** Name of the attack; attacks not made for surrogates take exactly one. */
	attack: z.string().default('mi-cwa'),
	/** Options of the attack that override its defaults. */
	set: settingsField,
	/** L-infinity size of the attack; by default 16/255, as in CWA's paper. */
	epsilon: epsilonField.default(16 / 255),
	/** The CLIP that the images are for; only its image size and preprocessing matter. */
	model: modelField,
	/** A folder of class folders, a manifest, a data set of the hub, or the name of a data set. */
	data: dataField,
	/** Folder that holds the folders of named data sets. */
	dataRoot: dataRootField,
	/** Images to attack. */
	split: splitField.default('test'),
	/** How many of them, balanced over the classes; by default all. */
	limit: countField.optional(),
	/** Images per batch; affects only the speed. */
	batchSize: countField.default(50),
	/** Seed of the attack, of the choice of images, and of the split if the data come without one. */
	seed: seedField.default(1),
	/** What to do with unreadable images: `stop`, or `exclude` them, which the job reports and records. */
	unreadable: unreadableField,
})

/** The result of {@link generate}. */
export const generateResult = z.object({
	store: z.string().describe('Folder of the images.'),
	images: count.describe('Images of the data that the store now holds.'),
	made: count.describe('Those made by this call.'),
	before: count.describe('Those stored before.'),
	manifest: adversarialManifestForm.schema,
})

type Input = z.output<typeof generateInput>

/**
 * Makes adversarial images on surrogates, without the target model, and stores them. Make them once, then try them on any
 * model (`evaluate` with `images`). A stopped job resumes where it stopped; a larger limit adds images.
 * @throws NaptuneError when surrogates and data do not fit, or the store holds other images.
 */
export const generate = defineJob({
	name: 'generate',
	doc: 'Make adversarial images on surrogates, without the target model, and store them. Make them once, then try them on any model. A stopped command resumes where it stopped; a larger --limit adds images.',
	input: generateInput,
	result: generateResult,
	async run(input, context) {
		const { attack, seed, batchSize } = input
		const folder = resolve(input.store)
		const clip = await loadModel(context, input.model)
		const whole = await loadData(context, input.data, seed, input.dataRoot)
		const chosen = chosenImages(whole, input)
		const { dataset, split } = await readableImages(context, whole, chosen, input.split, input.unreadable)
		const engine = await context.engine()
		const surrogates = await openSurrogates(input, dataset, context)
		const threat = threatModel('linf', input.epsilon)
		const how = { name: `${attack} on ${surrogates.map(({ name }) => name).join(', ')}` }
		const attacked = { images: split.length, split: input.split, data: dataset.name, ...threat, seed }
		context.onNote({ kind: 'plan', text: protocolText(attacked, how) })
		context.onFolder(folder)
		const follow = followImages(context, split.length)
		const generated = await generateAdversarialImages({
			folder,
			engine,
			clip,
			dataset,
			splitName: input.split,
			split,
			attack,
			options: input.set,
			surrogates,
			threatModel: threat,
			seed,
			batchSize,
			signal: context.signal,
			...follow.callbacks,
		}).finally(async () => {
			follow.end()
			for (const { classifier } of surrogates) await classifier.release()
		})
		if (!generated) throw stopped('Stopped. The images are saved; run the same command again to resume.')
		const { manifest, made, before } = generated
		return { store: folder, images: split.length, made, before, manifest }
	},
})

/** Reports progress by images. A batch can take long, so its finished part counts as that many images. */
function followImages(context: JobContext, images: number) {
	let task: JobTask | undefined
	let finished = 0
	let under = 0
	return {
		callbacks: {
			onStart(before: number) {
				finished = before
				task = startTask(context, 'making images', images, 'images', before)
			},
			onProgress(done: number) {
				finished = done
				under = 0
				task?.update(done)
			},
			onGradient(done: number, perImage: number) {
				under += done / perImage
				task?.update(Math.min(Math.floor(finished + under), images))
			},
		},
		end: () => task?.end(),
	}
}

async function openSurrogates({ normalisation, surrogate }: Input, dataset: Dataset, context: JobContext) {
	const engine = await context.engine()
	const declared = normalisation && { input: { normalisation, channelOrder: 'rgb' as const } }
	const opened = []
	for (const path of surrogate) {
		const one = await openSurrogate(engine, resolve(path), dataset.classNames, declared)
		for (const notice of one.notices) context.onNote({ kind: 'note', text: `${one.name}: ${notice}` })
		opened.push(one)
	}
	return opened
}
