/** Attacking an ONNX model on labelled images, as one JSON record that can be gone on with after a kill. */

import { existsSync } from 'node:fs'
import type { PreparedAttack } from '../../attacks/attack-definition.js'
import type { AttackCounts } from '../../attacks/run/tell-progress.js'
import type { ThreatModel } from '../../attacks/sets/threat-model.js'
import type { OnnxClassifier } from '../../classifier/files/open-onnx-classifier.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { isRecord } from '../../core/guards.js'
import { float32, type Tensor } from '../../core/tensor.js'
import { idsOf, type Split } from '../../data/dataset.js'
import type { LabelledImages } from '../../data/folders/labelled-folder.js'
import { readJsonFile } from '../../files/json-file.js'
import { packageVersion } from '../../files/package-version.js'
import { sha256OfBytes } from '../../files/sha256.js'
import type { DecodedImage } from '../../images/decode.js'
import { type Preparation, preprocess } from '../../images/preprocess.js'
import type { Engine } from '../../runtime/engine.js'
import { type Knowledge, usualKnowledge } from '../deployed/knowledge.js'
import { type EvaluationResult, evaluateImages, summarize } from './evaluate.js'
import { resumableRecord, trialSchema } from './outcome-log.js'
import { sameSettings } from './same-settings.js'

/** How pictures get the size that a model reads. */
export const resizings = {
	crop: 'shorter edge to the size, centre crop',
	margin: 'shorter edge to size / 0.875, centre crop, as ImageNet is usually evaluated',
	stretch: 'to the size whatever the proportions',
} as const

/** What {@link recordedOnnxAttack} needs. */
export interface OnnxAttackInput {
	readonly engine: Engine
	readonly classifier: OnnxClassifier
	/** The data; `images` may be a part of it. */
	readonly data: Pick<LabelledImages, 'name' | 'folders' | 'images' | 'origin'>
	/** Position in the classifier's classes of each of the data's folders. */
	readonly positions: readonly number[]
	readonly resizing: keyof typeof resizings
	readonly attack: PreparedAttack
	readonly threatModel: ThreatModel
	readonly seed: number
	/** Images per batch, 50 by default; no outcome depends on it on the CPU. */
	readonly batchSize?: number
	/** The record's file, or what names it by its settings. The outcomes under way lie beside it. */
	readonly path: string | ((settings: OnnxAttackSettings) => string)
	/** What a person was told so far, to be kept in the record. */
	readonly notices?: readonly string[]
	readonly onProgress?: (counts: AttackCounts) => void
	/** Stops after the batch under way. */
	readonly signal?: AbortSignal
}

/** What decides the outcomes. JSON. */
export interface OnnxAttackSettings {
	readonly format: 1
	readonly kind: 'onnx-attack'
	readonly model: Omit<OnnxClassifier['model'], 'path'> & { readonly source: string }
	readonly input: OnnxClassifier['input']
	readonly output: OnnxClassifier['output']
	readonly resizing: keyof typeof resizings
	readonly classNames: readonly string[]
	readonly classNamesFrom: OnnxClassifier['classNamesFrom']
	/** Positions of the data's class folders in the classes. */
	readonly classFolders: Readonly<Record<string, number>>
	readonly knowledge: Knowledge
	readonly attack: Pick<PreparedAttack, 'name' | 'attack' | 'source' | 'options'>
	readonly threatModel: ThreatModel
	readonly seed: number
	readonly dataset: {
		readonly name: string
		readonly origin: Readonly<Record<string, unknown>>
		readonly images: number
		readonly ids: string
	}
	readonly versions: { readonly naptune: string; readonly engine: string; readonly device: string }
}

/** A record. */
export interface OnnxAttackRecord extends OnnxAttackSettings, EvaluationResult {
	readonly threads: number
	readonly batchSize: number
	readonly notices: readonly string[]
}

/**
 * Attacks every image that is classified right and writes the record; one that was written under the same settings is read
 * back instead.
 * @returns The record and its path, or undefined when stopped by the signal.
 * @throws NaptuneError when there are no images, one of them cannot be read, or the record cannot be written.
 */
export async function recordedOnnxAttack(
	input: OnnxAttackInput,
): Promise<{ readonly record: OnnxAttackRecord; readonly path: string } | undefined> {
	const { engine, classifier, data, batchSize = 50 } = input
	if (data.images.length === 0) throw new NaptuneError('There are no images to attack.')
	const settings = await settingsOf(input)
	const path = typeof input.path === 'string' ? input.path : input.path(settings)
	const finished = await finishedRecord(path, settings)
	if (finished) return { record: finished, path }
	const log = { suffix: '.outcomes.jsonl', settings, schema: trialSchema }
	const record = await resumableRecord(
		path,
		log,
		async ({ earlier, append }): Promise<OnnxAttackRecord | undefined> => {
			const { attack, threatModel, seed, positions, resizing, onProgress, signal } = input
			const ids = idsOf(data.images)
			const found = await evaluateImages(
				{
					classifier,
					attack,
					threatModel,
					seed,
					batchSize,
					earlier,
					onBatch: ({ trials }) => append(trials),
					...defined({ onProgress: onProgress || undefined, signal: signal || undefined }),
				},
				{
					ids,
					labels: ids.map((_, index) => positions[data.images.label(index)]!),
					pixels: (rows) => preparedPixels(classifier, data.images, rows, resizing),
				},
			)
			if (!found) return undefined
			return {
				...settings,
				...found,
				threads: engine.threads,
				batchSize,
				notices: [...(input.notices ?? []), ...chanceNotice(found, classifier.classNames.length)],
			}
		},
	)
	return record && { record, path }
}

/** Images as the classifier reads them: [n, C, H, W] in [0, 1], grey where it has one channel. */
async function preparedPixels(
	{ inputShape }: OnnxClassifier,
	images: Split,
	rows: readonly number[],
	resizing: keyof typeof resizings,
): Promise<Tensor<'float32'>> {
	const [channels, height, width] = inputShape
	const area = height * width
	const all = new Float32Array(rows.length * channels * area)
	for (const [at, row] of rows.entries()) {
		const rgb = resized(await images.image(row), height, width, resizing)
		all.set(channels === 1 ? grey(rgb, area) : rgb, at * channels * area)
	}
	return float32([rows.length, channels, height, width], all)
}

function resized(image: DecodedImage, height: number, width: number, resizing: keyof typeof resizings): Float32Array {
	const share = resizing === 'margin' ? 0.875 : 1
	// A shorter edge by which both sides of the crop are covered.
	const least = Math.ceil(Math.max(height / image.height, width / image.width) * Math.min(image.height, image.width))
	const edge = height === width ? Math.floor(height / share) : Math.ceil(least / share)
	const preparation: Preparation = {
		doResize: true,
		resize: resizing === 'stretch' ? { kind: 'exact', height, width } : { kind: 'shortest-edge', shortestEdge: edge },
		resample: 'bilinear',
		doCenterCrop: true,
		crop: { height, width },
	}
	return preprocess(image, preparation).pixels
}

/** Luma as ITU-R 601 weighs the colours. */
function grey(rgb: Float32Array, area: number): Float32Array {
	return Float32Array.from({ length: area }, (_, at) => {
		return Math.min(1, 0.299 * rgb[at]! + 0.587 * rgb[at + area]! + 0.114 * rgb[at + 2 * area]!)
	})
}

async function settingsOf(input: OnnxAttackInput): Promise<OnnxAttackSettings> {
	const { engine, classifier, data, positions, resizing, attack, threatModel, seed } = input
	const { path, ...model } = classifier.model
	return {
		format: 1,
		kind: 'onnx-attack',
		model: { source: path, ...model },
		input: classifier.input,
		output: classifier.output,
		resizing,
		classNames: classifier.classNames,
		classNamesFrom: classifier.classNamesFrom,
		classFolders: Object.fromEntries(data.folders.map((folder, at) => [folder, positions[at]!])),
		knowledge: usualKnowledge(attack),
		attack: { name: attack.name, attack: attack.attack, source: attack.source, options: attack.options },
		threatModel,
		seed,
		dataset: {
			name: data.name,
			origin: data.origin,
			images: data.images.length,
			ids: sha256OfBytes(JSON.stringify(idsOf(data.images))),
		},
		versions: { naptune: packageVersion(), engine: engine.version, device: engine.device },
	}
}

/** A record of the same settings whose numbers are those of its outcomes. */
async function finishedRecord(path: string, settings: OnnxAttackSettings): Promise<OnnxAttackRecord | undefined> {
	if (!existsSync(path)) return undefined
	const stored = await readJsonFile(path)
	if (!isRecord(stored) || !Array.isArray(stored.outcomes)) return undefined
	const own = Object.fromEntries(Object.keys(settings).map((key) => [key, stored[key]]))
	const { images, clean, robust } = stored
	if (!sameSettings(own, settings)) return undefined
	const record = stored as unknown as OnnxAttackRecord
	return sameSettings({ images, clean, robust }, summarize(record.outcomes)) ? record : undefined
}

function chanceNotice({ clean }: Pick<OnnxAttackRecord, 'clean'>, classes: number): string[] {
	if (clean.interval[0] > 1 / classes) return []
	return [
		`The clean accuracy is near that of guessing among ${classes} classes. The layout, range, normalisation or channel order of the input, the order of classes or the resizing may be declared wrong; robustness of such a model means nothing.`,
	]
}
