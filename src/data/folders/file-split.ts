/** A split backed by files. */

import { join } from 'node:path'
import { type DecodedImage, decodeImage } from '../../images/decode.js'
import type { Split } from '../dataset.js'

/** One labelled image file. */
export interface LabelledFile {
	/** Identifies the image in every run and on every machine: a path below the data set's folder, with forward slashes. */
	readonly id: string
	readonly label: number
	/** Location of the file. */
	readonly path: string
}

/** A split of files in their order; it reads nothing until an image is requested. */
export function fileSplit(files: readonly LabelledFile[]): Split {
	return splitOf(files, ({ path }) => path)
}

/** The same for files below one folder, at the path that is their id. */
export function filesBelow(folder: string, files: readonly Omit<LabelledFile, 'path'>[]): Split {
	// Paths are built on demand: over a million of them take much time and memory.
	return splitOf(files, ({ id }) => join(folder, id))
}

function splitOf<File extends Omit<LabelledFile, 'path'>>(
	files: readonly File[],
	pathOf: (file: File) => string,
): Split {
	const at = (index: number): File => {
		const file = files[index]
		if (!file) throw new RangeError(`Position ${index} of a split of ${files.length} images.`)
		return file
	}
	return {
		length: files.length,
		label: (index) => at(index).label,
		id: (index) => at(index).id,
		source: async (index) => ({ kind: 'file', path: pathOf(at(index)) }),
		image: async (index): Promise<DecodedImage> => decodeImage(pathOf(at(index))),
	}
}
