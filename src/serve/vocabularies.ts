/** Caches text features of class lists from requests: computes each list once and keeps the latest. */

import { runPadded } from '../classifier/padded-run.js'
import { at, entry } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { float32, type Tensor } from '../core/tensor.js'
import type { Program } from '../runtime/engine.js'
import type { OpenVocabulary, Vocabulary } from './served-model.js'

/** A vocabulary that occupies engine memory. */
export interface HeldVocabulary extends Vocabulary {
	release(): Promise<void>
}

/**
 * A vocabulary over a program that compares features with those of its classes, which are constants of the graph.
 * @param input Name of the features [B, E]. @param output Of the logits [B, C].
 */
export function heldVocabulary(
	program: Program,
	classNames: readonly string[],
	{ input, output }: { readonly input: string; readonly output: string },
): HeldVocabulary {
	return {
		classNames,
		async logits(rows) {
			const width = at(rows, 0).length
			const joined = float32([rows.length, width], new Float32Array(rows.length * width))
			rows.forEach((row, position) => {
				joined.data.set(row, position * width)
			})
			const found = entry(await runPadded(program, rows.length, { [input]: joined }, {}, {}), output)
			return rows.map((_, row) => rowOf(found as Tensor<'float32'>, row))
		},
		release: () => program.release(),
	}
}

/** One row of [B, n], not copied. */
export function rowOf({ shape, data }: Tensor<'float32'>, row: number): Float32Array {
	const width = at(shape, 1)
	return data.subarray(row * width, (row + 1) * width)
}

/** Options of {@link createVocabularies}. */
export interface VocabularyOptions {
	readonly build: (classNames: readonly string[]) => Promise<HeldVocabulary>
	/** Number of lists to keep. Default 32. */
	readonly kept?: number
	/** Maximum number of new lists in progress or waiting. Default 4. */
	readonly mostWaiting?: number
}

/** Open vocabularies that can be closed. */
export interface Vocabularies extends OpenVocabulary {
	release(): Promise<void>
}

interface Entry {
	readonly held: Promise<HeldVocabulary>
	users: number
	forgotten: boolean
}

/** Computes lists one after another, so that many new ones cannot monopolise the machine. */
export function createVocabularies({ build, kept = 32, mostWaiting = 4 }: VocabularyOptions): Vocabularies {
	// Ordered by last use.
	const known = new Map<string, Entry>()
	let waiting = 0
	let last: Promise<unknown> = Promise.resolve()

	const compute = (key: string, classNames: readonly string[]): Entry => {
		if (waiting >= mostWaiting) {
			throw new NaptuneError(
				'NAP_SERVER_BUSY',
				`${waiting} new lists of classes are already being computed. Try again in a moment; recently used lists get an immediate answer.`,
			)
		}
		waiting++
		const held = last.then(() => build(classNames))
		last = held
			.catch(() => known.delete(key))
			.finally(() => {
				waiting--
			})
		return { held, users: 0, forgotten: false }
	}
	const freeIfUnused = ({ held, users, forgotten }: Entry) => {
		if (forgotten && users === 0) held.then((own) => own.release()).catch(() => {})
	}
	const forgetOldest = () => {
		for (const [key, entry] of known) {
			if (known.size <= kept) return
			known.delete(key)
			entry.forgotten = true
			freeIfUnused(entry)
		}
	}
	return {
		async lease(classNames) {
			const key = JSON.stringify(classNames)
			const entry = known.get(key) ?? compute(key, classNames)
			known.delete(key)
			known.set(key, entry)
			entry.users++
			forgetOldest()
			let ended = false
			const end = () => {
				if (ended) return
				ended = true
				entry.users--
				freeIfUnused(entry)
			}
			try {
				return { vocabulary: await entry.held, end }
			} catch (error) {
				end()
				throw error
			}
		},
		async release() {
			for (const { held } of known.values()) await held.then((own) => own.release()).catch(() => {})
			known.clear()
		},
	}
}
