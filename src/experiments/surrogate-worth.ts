/** Measures the worth of an attacker's surrogates on the images that were attacked. */

import { existsSync } from 'node:fs'
import { z } from 'zod'
import type { OpenedSurrogate } from '../attacks/files/open-surrogate.js'
import { at } from '../core/at.js'
import { defined } from '../core/defined.js'
import type { Dataset, Split } from '../data/dataset.js'
import { resizedClassifier } from '../evaluation/deployed/resized-classifier.js'
import { preparedImages } from '../evaluation/robustness/evaluate.js'
import { writeFileAtomic } from '../files/atomic-write.js'
import { readJsonFile } from '../files/json-file.js'
import { type SurrogateWorth, surrogateWorthSchema } from '../records/experiment.js'
import type { ClipModel } from '../vlm/model.js'

/** Default accuracy below which a surrogate counts as weak. */
export const usuallyWeakBelow = 0.6

const batchSize = 50

/** The input of {@link surrogateWorth}. */
export interface WorthInput {
	readonly surrogates: readonly OpenedSurrogate[]
	readonly kind: 'classifiers' | 'substitute'
	/** Only its preprocessing and image size matter. */
	readonly clip: ClipModel
	readonly dataset: Pick<Dataset, 'classNames'>
	readonly split: Split
	/** File that caches the answer. */
	readonly path: string
}

/** Accuracy of every surrogate on the clean images; a substitute has no classes and therefore none. */
export async function surrogateWorth(input: WorthInput): Promise<readonly SurrogateWorth[]> {
	const { surrogates, kind, split, path } = input
	const kept = existsSync(path) ? z.array(surrogateWorthSchema).safeParse(await readJsonFile(path)) : undefined
	const same =
		kept?.success &&
		kept.data.length === surrogates.length &&
		kept.data.every(({ sha256, images }, index) => sha256 === at(surrogates, index).sha256 && images === split.length)
	if (same) return kept.data
	const worth = []
	for (const surrogate of surrogates) {
		const { name, sha256, reads } = surrogate
		worth.push({
			name,
			sha256,
			images: split.length,
			...defined({
				accuracy: kind === 'classifiers' ? await accuracyOf(surrogate, input) : undefined,
				reads: reads && { ...reads },
			}),
		})
	}
	await writeFileAtomic(path, `${JSON.stringify(worth, null, '\t')}\n`)
	return worth
}

async function accuracyOf({ classifier }: OpenedSurrogate, { clip, dataset, split }: WorthInput): Promise<number> {
	const { imageSize } = clip.config.vision
	const sized = resizedClassifier(classifier, [3, imageSize, imageSize])
	const names = classifier.classNames
	let right = 0
	for (let start = 0; start < split.length; start += batchSize) {
		const positions = Array.from({ length: Math.min(batchSize, split.length - start) }, (_, row) => start + row)
		const { logits } = await sized.evaluate(await preparedImages(clip, split, positions), ['logits'])
		const values = logits?.data as Float32Array
		for (const [row, position] of positions.entries()) {
			const own = values.subarray(row * names.length, (row + 1) * names.length)
			const predicted = names[own.indexOf(own.reduce((most, value) => Math.max(most, value)))]
			if (predicted === dataset.classNames[split.label(position)]) right++
		}
	}
	return right / split.length
}
