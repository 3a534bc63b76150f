/** Measures image-text retrieval of a tuned run, clean and under attack, with vanilla CLIP as the control. */

import { join } from 'node:path'
import { z } from 'zod'
import { epsilonText } from '../attacks/sets/size-text.js'
import { threatModel } from '../attacks/sets/threat-model.js'
import { loadCaptions } from '../data/captions/captions.js'
import { classGallery } from '../data/captions/class-captions.js'
import { type Gallery, galleryFingerprint } from '../data/captions/gallery.js'
import type { TunedRun } from '../evaluation/deployed/tuned-run.js'
import { type RecordedRetrievalInput, recordedRetrieval } from '../evaluation/retrieval/recorded-retrieval.js'
import { captionDefense, captionProblem, retrievalAttack } from '../evaluation/retrieval/retrieval-attack.js'
import { recordFile, runFolders, withOptions } from '../records/names.js'
import { count, positive, seconds } from '../records/parts/fields.js'
import { threatModelSchema } from '../records/parts/threat-model.js'
import { retrievalKind } from '../records/retrieval.js'
import { grouped } from '../report/number-text.js'
import { countField, epsilonField, runFields, seedField, settingsField, splitField } from './common/fields.js'
import { chosenImages, noteNotices, tunedRun } from './common/inputs.js'
import { noticesField } from './common/result-fields.js'
import { stopped } from './common/stopped.js'
import { defineJob, type JobContext, startTask } from './job.js'

/** The input of {@link retrieve}. */
export const retrieveInput = z.strictObject({
	...runFields,
	/**
	 * File of JSON lines, or a JSON array, of `{ "image": path, "captions": [texts] }`; by default captions made from the
	 * class names of the run's data.
	 */
	captions: z.string().optional(),
	/** Name of a PGD attack, which maximises the contrastive loss. */
	attack: z.string().default('pgd-100'),
	/** Options of the attack that override its defaults. */
	set: settingsField,
	/** L-infinity size of the attack; by default the size of the run's preset, or of its inner attack. */
	epsilon: epsilonField.optional(),
	/** Images of the data set, if captions are made from its classes. */
	split: splitField.default('test'),
	/** Number of images, chosen by the seed; by default all. */
	limit: countField.optional(),
	/** Ranks at which to measure recall. */
	k: z.array(countField).readonly().default([1, 5, 10]),
	/** Images per batch; affects only the speed. */
	batchSize: countField.default(50),
	/** Seed of the attack and of the choice of images. */
	seed: seedField.default(1),
	/** Whether to measure vanilla CLIP as the control. */
	vanilla: z.boolean().default(true),
})

const { clean, attacked } = retrievalKind.schema.shape

/** The result of {@link retrieve}. */
export const retrieveResult = z.object({
	run: z.string().describe('The run directory.'),
	data: z.string().describe('Name of the images and captions.'),
	attack: z.string(),
	...threatModelSchema.shape,
	level: retrievalKind.schema.shape.retrieval.shape.level,
	images: positive,
	captions: positive,
	seed: count,
	notices: noticesField,
	rows: z.array(
		z.object({
			defense: z.string(),
			clean,
			attacked: attacked.describe('Recall with all images attacked on the contrastive loss.'),
			seconds: seconds.describe('Wall-clock time, summed over all processes that worked on it.'),
			record: z.string().describe('File that holds every rank.'),
		}),
	),
})

type Input = z.output<typeof retrieveInput>

/**
 * Finds captions by images and images by captions, clean and with all images attacked; vanilla CLIP under the same attack is
 * the control. A stopped retrieval resumes where it stopped.
 * @throws NaptuneError when run, data or captions cannot be used.
 */
export const retrieve = defineJob({
	name: 'retrieve',
	doc: 'Find captions by images and images by captions, clean and with all images attacked; vanilla CLIP under the same attack is the control. A stopped retrieval resumes where it stopped.',
	input: retrieveInput,
	result: retrieveResult,
	async run(input, context) {
		const run = await tunedRun(context, input)
		const gallery = await chosenGallery(run, input, context)
		noteNotices(context, gallery.notices)
		const attack = retrievalAttack(input.attack, input.set, gallery)
		const threat = threatModel('linf', input.epsilon ?? run.protocol.epsilon)
		const about = {
			data: gallery.name,
			attack: attack.name,
			...threat,
			level: gallery.level,
			images: gallery.images.length,
			captions: gallery.captions.length,
			seed: input.seed,
		}
		context.onNote({ kind: 'plan', text: retrievalProtocol(about) })
		context.onFolder(join(run.directory, runFolders.retrieval))
		const rows = []
		for (const model of models(run, gallery, input.vanilla)) {
			const path = join(run.directory, runFolders.retrieval, recordName(model, gallery, attack, threat, input))
			const task = startTask(context, `attacking ${model.defense.name}`, gallery.images.length, 'images')
			const record = await recordedRetrieval({
				engine: await context.engine(),
				clip: run.clip,
				gallery,
				splitName: gallery.level === 'class' ? input.split : 'captions',
				...model,
				attack,
				threatModel: threat,
				seed: input.seed,
				ks: [...new Set(input.k)].sort((a, b) => a - b),
				batchSize: input.batchSize,
				path,
				onProgress: task.update,
				signal: context.signal,
			}).finally(task.end)
			if (!record) throw stopped('Stopped. The attacked images are saved; run the same command again to resume.')
			rows.push({
				defense: record.defense.name,
				clean: record.clean,
				attacked: record.attacked,
				seconds: record.seconds,
				record: path,
			})
		}
		return { run: run.directory, ...about, notices: gallery.notices, rows }
	},
})

/** States the retrieval protocol in words. */
export function retrievalProtocol(
	about: Pick<z.output<typeof retrieveResult>, 'images' | 'captions' | 'data' | 'attack' | 'epsilon' | 'seed'>,
): string {
	const { images, captions, data, attack, epsilon, seed } = about
	return `${grouped(images)} images and ${grouped(captions)} captions of ${data}, ${attack} on the contrastive loss of all images, L-infinity epsilon ${epsilonText(epsilon)}, seed ${seed}`
}

function models(run: TunedRun, { captions }: Gallery, vanilla: boolean) {
	const { name, config } = run.defense
	return [
		...(vanilla && name !== 'vanilla'
			? [{ defense: captionDefense('vanilla', run.clip, captions), parameters: {} }]
			: []),
		{ defense: captionDefense(name, run.clip, captions, config), parameters: run.parameters },
	]
}

/** A file name that differs whenever the ranks may. */
function recordName(
	{ defense }: Pick<RecordedRetrievalInput, 'defense'>,
	gallery: Gallery,
	attack: RecordedRetrievalInput['attack'],
	threat: RecordedRetrievalInput['threatModel'],
	{ split, seed }: Input,
): string {
	const { images, captions, level } = gallery
	return recordFile({
		subject: withOptions(`${defense.name}-${attack.name}`, [attack.options, captions]),
		threatModel: threat,
		split: level === 'class' ? split : galleryFingerprint(gallery).slice(0, 8),
		images: images.length,
		seed,
	})
}

async function chosenGallery(run: TunedRun, input: Input, { imageLoader }: JobContext): Promise<Gallery> {
	const { captions, limit, seed } = input
	if (captions === undefined) {
		const dataset = await run.dataset()
		return classGallery(dataset, chosenImages(dataset, input))
	}
	const checks = [
		captionProblem(run.defense.name, run.clip, run.defense.config),
		...(input.vanilla ? [captionProblem('vanilla', run.clip)] : []),
	]
	const gallery = await loadCaptions(captions, {
		limit,
		seed,
		problemOf: (caption) => checks.map((check) => check(caption)).find((problem) => problem !== undefined),
	})
	return { ...gallery, images: imageLoader().split(gallery.images) }
}
