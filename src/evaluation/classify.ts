/** What a classifier sees in pictures. */

import type { Classifier } from '../attacks/classifier.js'
import type { ClipModel } from '../clip/model.js'
import { type ClassProbability, mostProbable } from '../clip/zero-shot.js'
import type { Split } from '../data/dataset.js'
import { NaptuneError } from '../errors.js'
import { decodeImage } from '../images/decode.js'
import { preparedImages } from './evaluate.js'

/** The most probable classes of one picture, best first. */
export interface ClassifiedImage {
	readonly path: string
	readonly classes: readonly ClassProbability[]
}

/**
 * Classifies image files.
 * @param options.top Classes per picture, at most all. @param options.batchSize Pictures at once; default 16.
 * @throws NaptuneError naming a file that is not a readable image, or whose logits are not numbers.
 */
export async function* classify(
	clip: ClipModel,
	classifier: Classifier,
	paths: readonly string[],
	{ top, batchSize = 16 }: { readonly top: number; readonly batchSize?: number },
): AsyncGenerator<ClassifiedImage> {
	if (!Number.isInteger(top) || top < 1)
		throw new NaptuneError(`The number of classes to name must be at least 1, got ${top}.`)
	const files: Split = {
		length: paths.length,
		label: () => 0,
		id: (index) => paths[index]!,
		image: (index) => decodeImage(paths[index]!),
	}
	for (let start = 0; start < paths.length; start += batchSize) {
		const part = paths.slice(start, start + batchSize)
		const pixels = await preparedImages(
			clip,
			files,
			part.map((_, row) => start + row),
		)
		const { logits } = await classifier.evaluate(pixels, ['logits'])
		const { classNames } = classifier
		for (const [row, path] of part.entries()) {
			const own = logits!.data.subarray(row * classNames.length, (row + 1) * classNames.length)
			yield { path, classes: mostProbable(own, classNames, top, path) }
		}
	}
}
