/** A split whose images are files. */

import { type DecodedImage, decodeImage } from '../images/decode.js'
import type { Split } from './dataset.js'

/** One labelled image file. */
export interface LabelledFile {
	/** Names the image in every run and on every machine: a path below the data set's folder, with forward slashes. */
	readonly id: string
	readonly label: number
	/** Where the file lies. */
	readonly path: string
}

/** A split of files in their order; nothing is read before an image is asked for. */
export function fileSplit(files: readonly LabelledFile[]): Split {
	const at = (index: number): LabelledFile => {
		const file = files[index]
		if (!file) throw new RangeError(`Position ${index} of a split of ${files.length} images.`)
		return file
	}
	return {
		length: files.length,
		label: (index) => at(index).label,
		id: (index) => at(index).id,
		source: async (index) => ({ kind: 'file', path: at(index).path }),
		image: async (index): Promise<DecodedImage> => decodeImage(at(index).path),
	}
}
