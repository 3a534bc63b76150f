/** Attacks an ONNX model on labelled images, with one JSON record as the result; resumable after a kill. */

import type { PreparedAttack } from '../../attacks/attack-definition.js'
import type { AttackCounts } from '../../attacks/run/tell-progress.js'
import type { ThreatModel } from '../../attacks/sets/threat-model.js'
import type { OnnxClassifier } from '../../classifier/files/open-onnx-classifier.js'
import { at } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { float32, type Tensor } from '../../core/tensor.js'
import { idsOf, type Split } from '../../data/dataset.js'
import type { LabelledImages } from '../../data/folders/labelled-folder.js'
import { packageVersion } from '../../files/package-version.js'
import type { DecodedImage } from '../../images/decode.js'
import { type Preparation, preprocess } from '../../images/preprocess.js'
import { jsonFingerprint } from '../../records/fingerprint.js'
import {
	type OnnxAttackRecord,
	type OnnxAttackSettings,
	onnxAttackKind,
	type Resizing,
} from '../../records/onnx-attack.js'
import { earlierTrials, trialsLine } from '../../records/parts/outcome.js'
import { readRecord } from '../../records/record-kind.js'
import { resumable, type WorkLog } from '../../records/resumable.js'
import type { Engine } from '../../runtime/engine.js'
import { usualKnowledge } from '../deployed/knowledge.js'
import { blindNotices } from './blind-notice.js'
import { evaluateImages } from './evaluate.js'
import { contradictions } from './record.js'

export type { OnnxAttackRecord } from '../../records/onnx-attack.js'

/** The input of {@link recordedOnnxAttack}. */
export interface OnnxAttackInput {
	readonly engine: Engine
	readonly classifier: OnnxClassifier
	/** The data; `images` may be part of it. */
	readonly data: Pick<LabelledImages, 'name' | 'folders' | 'images' | 'origin'>
	/** Position of each data folder in the classifier's classes. */
	readonly positions: readonly number[]
	readonly resizing: Resizing
	readonly attack: PreparedAttack
	readonly threatModel: ThreatModel
	readonly seed: number
	/** Images per batch, 50 by default; on the CPU it affects no outcome. */
	readonly batchSize?: number
	/** The record's file, or a function that names it by its settings. Outcomes in progress lie beside it. */
	readonly path: string | ((settings: OnnxAttackSettings) => string)
	/** Notices so far, to keep in the record. */
	readonly notices?: readonly string[]
	readonly onProgress?: (counts: AttackCounts) => void
	/** Stops after the current batch. */
	readonly signal?: AbortSignal
}

/**
 * Attacks every correctly classified image and writes the record, or reads one with the same settings.
 * @returns The record and its path, or undefined if the signal stopped it.
 * @throws NaptuneError if there are no images, one of them cannot be read, or the record cannot be written.
 */
export async function recordedOnnxAttack(
	input: OnnxAttackInput,
): Promise<{ readonly record: OnnxAttackRecord; readonly path: string } | undefined> {
	const { engine, classifier, data, batchSize = 50 } = input
	if (data.images.length === 0) throw new NaptuneError('NAP_DATA_EMPTY', 'There are no images to attack.')
	const settings = settingsOf(input)
	const path = typeof input.path === 'string' ? input.path : input.path(settings)
	const log = { suffix: '.outcomes.jsonl', line: trialsLine }
	const record = await resumable(onnxAttackKind, { path, settings, log, read: readOnnxAttackRecord, work })
	return record && { record, path }

	async function work({ earlier, append, seconds }: WorkLog<typeof trialsLine>): Promise<OnnxAttackRecord | undefined> {
		const { attack, threatModel, seed, positions, resizing, onProgress, signal } = input
		const ids = idsOf(data.images)
		const found = await evaluateImages(
			{
				classifier,
				attack,
				threatModel,
				seed,
				batchSize,
				...earlierTrials(earlier),
				onBatch: (_, batch) => append([batch]),
				...defined({ onProgress: onProgress || undefined, signal: signal || undefined }),
			},
			{
				ids,
				labels: ids.map((_, index) => at(positions, data.images.label(index))),
				pixels: (rows) => preparedPixels(classifier, data.images, rows, resizing),
			},
		)
		if (!found) return undefined
		return {
			...settings,
			...found,
			seconds: seconds(),
			threads: engine.threads,
			batchSize,
			notices: [
				...(input.notices ?? []),
				...chanceNotice(found, classifier.classNames.length),
				...blindNotices(found.outcomes),
			],
		}
	}
}

/** Reads a record. @throws NaptuneError if the file is not one, or its numbers do not follow from its outcomes. */
export async function readOnnxAttackRecord(path: string): Promise<OnnxAttackRecord> {
	const record: OnnxAttackRecord = await readRecord(onnxAttackKind, path)
	const problems = contradictions(record, record.dataset)
	if (problems.length === 0) return record
	throw new NaptuneError(
		'NAP_RECORD_CHANGED',
		`${path} was changed: its ${problems.join(' and ')} do not follow from its outcomes. ${onnxAttackKind.advice}`,
	)
}

/** Images as the classifier reads them: [n, C, H, W] in [0, 1], grey if it has one channel. */
export async function preparedPixels(
	{ inputShape }: Pick<OnnxClassifier, 'inputShape'>,
	images: Split,
	rows: readonly number[],
	resizing: Resizing,
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

function resized(image: DecodedImage, height: number, width: number, resizing: Resizing): Float32Array {
	const share = resizing === 'margin' ? 0.875 : 1
	// The length of the shorter edge at which both sides of the crop are covered.
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

/** Luma with the weights of ITU-R 601. */
function grey(rgb: Float32Array, area: number): Float32Array {
	return Float32Array.from({ length: area }, (_, pixel) => {
		return Math.min(1, 0.299 * at(rgb, pixel) + 0.587 * at(rgb, pixel + area) + 0.114 * at(rgb, pixel + 2 * area))
	})
}

function settingsOf(input: OnnxAttackInput): OnnxAttackSettings {
	const { engine, classifier, data, positions, resizing, attack, threatModel, seed } = input
	const { path, sha256, weights, opset, producer } = classifier.model
	return {
		format: 1,
		kind: 'onnx-attack',
		model: { source: path, sha256, weights, opset, producer },
		input: classifier.input,
		output: classifier.output,
		resizing,
		classNames: classifier.classNames,
		classNamesFrom: classifier.classNamesFrom,
		classFolders: Object.fromEntries(data.folders.map((folder, index) => [folder, at(positions, index)])),
		knowledge: usualKnowledge(attack),
		attack: { name: attack.name, attack: attack.attack, source: attack.source, options: attack.options },
		threatModel,
		seed,
		dataset: {
			name: data.name,
			origin: data.origin,
			images: data.images.length,
			ids: jsonFingerprint(idsOf(data.images)),
		},
		versions: { naptune: packageVersion(), engine: engine.version, device: engine.device },
	}
}

function chanceNotice({ clean }: Pick<OnnxAttackRecord, 'clean'>, classes: number): string[] {
	if (clean.interval[0] > 1 / classes) return []
	return [
		`The clean accuracy is near chance for ${classes} classes. The layout, range, normalisation or channel order of the input, the order of classes or the resizing may be declared wrong; the robustness of such a model means nothing.`,
	]
}
