/** How pictures become pixel values, as transformers and transformers.js read it. */

import { NaptuneError } from '../core/errors.js'
import type { PreprocessorConfig } from '../vlm/preprocessor-config.js'
import { filters } from '../vlm/preprocessor-config.js'

/**
 * Content of an export's `preprocessor_config.json`.
 * @throws NaptuneError for a resize by the longer edge (open_clip's `longest`), which that file cannot say.
 */
export function preprocessorJson(config: PreprocessorConfig): Readonly<Record<string, unknown>> {
	const { resize, crop } = config
	if (resize.kind === 'longest-edge') {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			'The checkpoint resizes pictures by their longer edge, which preprocessor_config.json cannot say. Export a run on a checkpoint that resizes by the shorter edge or to an exact size.',
		)
	}
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
