/** How pictures become pixel values, as transformers and transformers.js read it. */

import type { PreprocessorConfig } from '../vlm/preprocessor-config.js'
import { filters } from '../vlm/preprocessor-config.js'

/** Content of an export's `preprocessor_config.json`. */
export function preprocessorJson(config: PreprocessorConfig): Readonly<Record<string, unknown>> {
	const { resize, crop } = config
	return {
		image_processor_type: 'CLIPImageProcessor',
		do_convert_rgb: config.doConvertRgb,
		do_resize: config.doResize,
		size:
			resize.kind === 'exact' ? { height: resize.height, width: resize.width } : { shortest_edge: resize.shortestEdge },
		resample: filters.indexOf(config.resample),
		do_center_crop: config.doCenterCrop,
		crop_size: { height: crop.height, width: crop.width },
		do_rescale: config.doRescale,
		rescale_factor: config.rescaleFactor,
		do_normalize: config.doNormalize,
		image_mean: config.mean,
		image_std: config.std,
	}
}
