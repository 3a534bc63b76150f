/** The config of any model in the layout of transformers. */

import { NaptuneError } from '../core/errors.js'
import { isRecord } from '../core/guards.js'
import { type ClipConfig, parseClipConfig } from './config.js'
import { type PreprocessorConfig, parsePreprocessorConfig, withSiglipDefaults } from './preprocessor-config.js'
import { parseSiglipConfig } from './siglip-config.js'

/**
 * Reads a `config.json` of a CLIP or a SigLIP.
 * @throws NaptuneError when it is neither, or its values make no sense.
 */
export function parseModelConfig(json: unknown, name = 'config.json'): ClipConfig {
	const type = isRecord(json) ? json.model_type : undefined
	if (type === 'siglip') return parseSiglipConfig(json, name)
	if (type === 'siglip2') {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${name} describes a SigLIP 2 of variable resolution (NaFlex, model_type "siglip2"), which is not supported. Use one of fixed resolution, such as google/siglip2-base-patch16-224, whose model_type is "siglip".`,
		)
	}
	return parseClipConfig(json, name)
}

/**
 * Reads a `preprocessor_config.json` with the defaults of the model's own image processor.
 * @throws NaptuneError when a value has the wrong form.
 */
export function parseModelPreprocessing(json: unknown, { family }: ClipConfig, name?: string): PreprocessorConfig {
	return parsePreprocessorConfig(family === 'siglip' ? withSiglipDefaults(json) : json, name)
}
