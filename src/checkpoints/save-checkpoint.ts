/** Writes a checkpoint in the layout of openai/clip-vit-base-patch16. */

import { join } from 'node:path'
import { NaptuneError } from '../core/errors.js'
import { writeFileAtomic } from '../files/atomic-write.js'
import { hasNonFinite, toFloat16 } from '../files/float-formats.js'
import { makeFolder } from '../files/make-folder.js'
import { type TensorToWrite, writeSafetensors } from '../files/safetensors.js'
import { parseClipConfig } from '../vlm/config.js'
import { expectedWeights } from '../vlm/expected-weights.js'

/** A checkpoint in memory. */
export interface CheckpointToSave {
	/** Content of `config.json`. */
	readonly config: Readonly<Record<string, unknown>>
	/** Every weight that the config implies, by its Hugging Face name, row-major. */
	readonly weights: ReadonlyMap<string, Float32Array>
	/** Element type on disk; F16 halves the size and rounds to nearest. */
	readonly dtype: 'F16' | 'F32'
	/** Content of `tokenizer.json`. */
	readonly tokenizer: string
	/** Content of `preprocessor_config.json`. */
	readonly preprocessorConfig: Readonly<Record<string, unknown>>
}

/**
 * Saves a checkpoint to a folder, which is created where it does not exist. Every file is written atomically, the
 * weights last, so that a folder without them is one that was never finished.
 * @throws NaptuneError when a weight is missing, superfluous, of the wrong size or not finite (F16: above 65504), the
 * config is invalid, or the folder cannot be written. Nothing is written unless all is valid.
 */
export async function saveCheckpoint(directory: string, checkpoint: CheckpointToSave): Promise<void> {
	const { config, tokenizer, preprocessorConfig } = checkpoint
	const tensors = tensorsToWrite(checkpoint)
	await makeFolder(directory)
	await writeFileAtomic(join(directory, 'config.json'), configText(config))
	await writeFileAtomic(join(directory, 'tokenizer.json'), tokenizer)
	await writeFileAtomic(join(directory, 'preprocessor_config.json'), `${JSON.stringify(preprocessorConfig, null, 2)}\n`)
	// transformers refuses safetensors files that do not name their format.
	await writeSafetensors(join(directory, 'model.safetensors'), tensors, { format: 'pt' })
}

/**
 * transformers 5 insists that these keys hold floating-point numbers, which JSON.stringify writes as whole ones at times.
 */
function configText(config: Readonly<Record<string, unknown>>): string {
	const whole = /^( *"(?:initializer_factor|initializer_range|layer_norm_eps)": \d+)(,?)$/gm
	return `${JSON.stringify(config, null, 2).replace(whole, '$1.0$2')}\n`
}

function tensorsToWrite({ config, weights, dtype }: CheckpointToSave): Record<string, TensorToWrite> {
	const expected = expectedWeights(parseClipConfig(config))
	const tensors: Record<string, TensorToWrite> = {}
	const problems = [...weights.keys()]
		.filter((name) => !expected.has(name))
		.map((name) => `${name} is not a weight of CLIP`)
	for (const [name, shape] of expected) {
		const values = weights.get(name)
		const elements = shape.reduce((product, n) => product * n, 1)
		if (!values || values.length !== elements) {
			problems.push(`${name} has ${values?.length ?? 'no'} numbers instead of ${elements}`)
			continue
		}
		// Check the values as they will be read back, since rounding to F16 can overflow.
		const overflows = dtype === 'F16' && values.some((value) => Math.abs(value) >= 65520)
		if (overflows || hasNonFinite(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))) {
			problems.push(`${name} holds numbers that are not finite in ${dtype}`)
		}
		tensors[name] = { dtype, shape, data: dtype === 'F16' ? toFloat16(values) : values }
	}
	if (problems.length > 0) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`The checkpoint cannot be saved: ${problems.slice(0, 20).join('; ')}. Nothing was written.`,
		)
	}
	return tensors
}
