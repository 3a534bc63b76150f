/** What an exported classifier is worth on pictures as the pipelines of transformers.js prepare them. */

import type { Classifier } from '../classifier/classifier.js'
import { at } from '../core/at.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { joinRows, range } from '../core/rows.js'
import { float32, type Tensor } from '../core/tensor.js'
import type { DecodedImage } from '../images/decode.js'
import { resize } from '../images/resize.js'
import type { ExportLayout, ExportMeasurement } from '../records/export.js'
import { prepareImage } from '../vlm/prepare-image.js'
import { best, type FileLogits, type MeasureInput, measureRobustness } from './measure-classifier.js'
import { levelComparison } from './measure-preparation.js'
import { pipelinePicture } from './pipeline-preparation.js'

/** So much wider is a picture whose cost of resizing could not be seen else. */
const enlargement = 5

/**
 * The same as `measureRobustness`. Pictures that are not resized are alike in any preparation and say nothing about it: they are
 * enlarged first, by Pillow's filter, to what a photograph of a phone is to a model.
 * @param read As for `measureRobustness`.
 */
export async function measurePipelines(
	input: MeasureInput,
	read: Classifier,
	fileLogits: FileLogits,
): Promise<NonNullable<ExportMeasurement['pipelines']>> {
	const { clip, split, signal } = input
	const { preprocessor } = clip.checkpoint
	const pipelines: Tensor<'float32'>[] = []
	const pillow: Tensor<'float32'>[] = []
	const levels = levelComparison()
	const found = { resized: 0, enlarged: 0, same: 0 }
	for (const index of range(0, split.length)) {
		if (signal.aborted) throw new NaptuneError('NAP_STOPPED', 'Stopped. Nothing was written.')
		const given = await split.image(index)
		const first = await pipelinePicture(given, preprocessor)
		const enlarge = !first.resized && preprocessor.doResize
		const picture = enlarge ? enlarged(given) : given
		const { pixels, resized } = enlarge ? await pipelinePicture(picture, preprocessor) : first
		const own = float32(pixels.shape, prepareImage(clip, picture))
		if (resized) found.resized++
		if (enlarge) found.enlarged++
		levels.add(pixels.data, own.data)
		pipelines.push(pixels)
		pillow.push(own)
		const [mine, theirs] = [await fileLogits(own), await fileLogits(pixels)]
		if (best(mine.data) === best(theirs.data)) found.same++
	}
	const attacked = (pictures: readonly Tensor<'float32'>[]) =>
		measureRobustness(input, read, fileLogits, async (positions) =>
			joinRows(positions.map((position) => at(pictures, position))),
		)
	return {
		images: split.length,
		resized: found.resized,
		...defined({ enlarged: found.enlarged > 0 ? found.enlarged : undefined }),
		...levels.found(),
		labelAgreement: found.same / split.length,
		...(await attacked(pipelines)),
		...defined({ pillow: found.enlarged > 0 ? await attacked(pillow) : undefined }),
	}
}

/** Everything that is measured of a file under attack: as the run prepares pictures, and as the layout's pipelines do. */
export async function measureFile(
	input: MeasureInput,
	read: Classifier,
	fileLogits: FileLogits,
	layout: ExportLayout,
): Promise<Pick<ExportMeasurement, 'clean' | 'robust' | 'pipelines'>> {
	const found = await measureRobustness(input, read, fileLogits)
	if (layout === 'onnx') return found
	return { ...found, pipelines: await measurePipelines(input, read, fileLogits) }
}

function enlarged(picture: DecodedImage): DecodedImage {
	const width = enlargement * picture.width
	const size = { width, height: Math.max(1, Math.round(0.75 * width)) }
	return resize(picture, size, 'bicubic', { left: 0, top: 0, ...size })
}
