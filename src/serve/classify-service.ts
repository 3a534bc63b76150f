/** Answers the pictures of many requests: decodes them in threads and classifies them in batches. */

import { at } from '../core/at.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { float32 } from '../core/tensor.js'
import { refinementOf } from '../evaluation/deployed/classify.js'
import { mostProbable } from '../vlm/zero-shot.js'
import type { ClassifyAnswer, ClassifyOptions } from './api-schemas.js'
import { createBatcher } from './batcher.js'
import { HttpProblem } from './http-problem.js'
import { correctionMeaning } from './meaning.js'
import type { PicturePool } from './picture-pool.js'
import type { ClassifyRequest, SentPicture } from './read-request.js'
import type { ServedModel, ServedRow, VocabularyLease } from './served-model.js'

/** The input of {@link createClassifyService}. */
export interface ClassifyServiceOptions {
	readonly model: ServedModel
	readonly pictures: PicturePool
	/** Maximum number of pictures per batch. */
	readonly batchSize: number
	/** Maximum milliseconds that a picture waits for others. */
	readonly batchWindow: number
	/** Called after every classified batch. */
	readonly onBatch?: (batch: { readonly images: number; readonly seconds: number }) => void
	/** Called once if the engine fails for good. */
	readonly onFailure?: (error: unknown) => void
}

/** Answers requests. */
export interface ClassifyService {
	/** @throws NaptuneError for pictures or classes that cannot be used; the signal's reason. */
	classify(request: ClassifyRequest, signal?: AbortSignal): Promise<ClassifyAnswer>
	/** Number of pictures waiting for the engine. */
	readonly waiting: number
}

/** Number of consecutive failed batches after which the service gives up the engine. */
const failuresInARow = 3

/** Creates the service. */
export function createClassifyService(options: ClassifyServiceOptions): ClassifyService {
	const { model, pictures, batchSize, batchWindow, onBatch = () => {}, onFailure = () => {} } = options
	let decoding = 0
	let failures = 0
	let given = false
	const giveUp = (error: unknown) => {
		if (!given) onFailure(error)
		given = true
	}
	const size = model.inputShape.reduce((product, n) => product * n, 1)
	const batcher = createBatcher<Float32Array, ServedRow>({
		size: batchSize,
		window: batchWindow,
		expectsMore: () => decoding > 0,
		async run(items) {
			const start = performance.now()
			const pixels = float32([items.length, ...model.inputShape], new Float32Array(items.length * size))
			items.forEach((item, row) => {
				pixels.data.set(item, row * size)
			})
			try {
				const rows = await model.evaluate(pixels)
				failures = 0
				onBatch({ images: items.length, seconds: (performance.now() - start) / 1000 })
				return rows
			} catch (error) {
				failures++
				if (isGone(error) || failures === failuresInARow) giveUp(error)
				throw error
			}
		},
	})
	const decode = async ({ bytes, name }: SentPicture, position: number, signal?: AbortSignal) => {
		decoding++
		try {
			return await pictures.prepare(bytes, pictureName(position, name), signal)
		} catch (error) {
			// Models that prepare pictures themselves do so on the engine.
			if (isGone(error)) giveUp(error)
			throw error
		} finally {
			decoding--
			batcher.look()
		}
	}
	return {
		async classify({ pictures: sent, options }, signal) {
			const lease = await leaseOf(model, options)
			try {
				const rows = await allOrFirstError(
					sent.map(async (picture, position) => batcher.add(await decode(picture, position, signal), signal)),
				)
				const classNames = lease?.vocabulary.classNames ?? model.classNames
				const logits = lease
					? await lease.vocabulary.logits(rows.map(({ features }) => features ?? new Float32Array()))
					: rows.map((row) => row.logits)
				const images = rows.map((row, position) => ({
					...defined({ name: at(sent, position).name }),
					classes: mostProbable(at(logits, position), classNames, options.top, position + 1, model.probabilities).map(
						(one) => ({ ...one }),
					),
					...correctionOf(model, row, options),
				}))
				const told = options.correction && model.corrections
				return { images, ...(told ? { meaning: correctionMeaning(model.corrections.flags) } : {}) }
			} finally {
				lease?.end()
			}
		},
		get waiting() {
			return batcher.waiting
		},
	}
}

function isGone(error: unknown): boolean {
	return error instanceof NaptuneError && error.code === 'NAP_ENGINE_CLOSED'
}

function leaseOf(model: ServedModel, { classes }: ClassifyOptions): Promise<VocabularyLease> | undefined {
	if (classes === undefined) return undefined
	if (model.openVocabulary) return model.openVocabulary.lease(classes)
	throw new HttpProblem(
		422,
		'NAP_INPUT_UNSUITABLE',
		'This model accepts only the classes it was tuned on. Omit classes, or serve a model with openVocabulary true.',
	)
}

function correctionOf({ corrections }: ServedModel, row: ServedRow, { correction: asked }: ClassifyOptions) {
	const found = asked && corrections ? refinementOf(row, corrections) : undefined
	if (!found) return {}
	const { correction, disagreement, heavilyCorrected } = found
	return {
		correction: { ...correction, flagged: heavilyCorrected },
		...defined({
			disagreement: disagreement && {
				score: disagreement.score,
				pValue: disagreement.pValue,
				flagged: disagreement.high,
			},
		}),
	}
}

function pictureName(position: number, name: string | undefined): string {
	return name === undefined ? `Image ${position + 1}` : `Image ${position + 1} (${JSON.stringify(name)})`
}

/** Waits for all, so that no work of a request outlives its answer. @throws The first error, in input order. */
async function allOrFirstError<T>(work: readonly Promise<T>[]): Promise<T[]> {
	const settled = await Promise.allSettled(work)
	return settled.map((result) => {
		if (result.status === 'rejected') throw result.reason
		return result.value
	})
}
