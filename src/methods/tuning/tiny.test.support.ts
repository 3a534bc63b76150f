/** A CLIP that runs in a millisecond, pictures with distinguishable classes, and a configuration for small runs. */

import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadClip } from '../../checkpoints/load-clip.js'
import { loadTokenizer } from '../../checkpoints/load-tokenizer.js'
import { writeSeededCheckpoint } from '../../checkpoints/seeded-checkpoint.js'
import type { Dataset, Split } from '../../data/dataset.js'
import { writeFileAtomic } from '../../files/atomic-write.js'
import { generator } from '../../random/counter-based.js'
import type { ClipModel } from '../../vlm/model.js'
import { type TuningConfig, tuningConfig } from './configuration.js'

const tokenizerFile = fileURLToPath(new URL('../../../models/nano/tokenizer.json', import.meta.url))

/** Writes a checkpoint with seeded random weights: images of 16 pixels in 4 patches, towers of two layers by default. */
export async function writeTinyCheckpoint(folder: string, seed = 1, layers = 2): Promise<void> {
	const { vocabularySize } = await loadTokenizer(tokenizerFile)
	const tower = { intermediate_size: 48, num_hidden_layers: layers, num_attention_heads: 2, hidden_act: 'quick_gelu' }
	const config = {
		model_type: 'clip',
		projection_dim: 12,
		logit_scale_init_value: 2.6592,
		text_config: {
			...tower,
			hidden_size: 16,
			max_position_embeddings: 32,
			vocab_size: vocabularySize,
			bos_token_id: vocabularySize - 2,
			eos_token_id: vocabularySize - 1,
			pad_token_id: vocabularySize - 1,
		},
		vision_config: { ...tower, hidden_size: 24, image_size: 16, patch_size: 8 },
	}
	await writeSeededCheckpoint(folder, config, seed)
	await copyFile(tokenizerFile, join(folder, 'tokenizer.json'))
	const preprocessor = { size: { shortest_edge: 16 }, crop_size: { height: 16, width: 16 }, resample: 3 }
	await writeFileAtomic(join(folder, 'preprocessor_config.json'), JSON.stringify(preprocessor))
}

/** Writes and loads a tiny checkpoint. */
export async function tinyClip(folder: string, seed = 1, layers = 2): Promise<ClipModel> {
	await writeTinyCheckpoint(folder, seed, layers)
	return loadClip(folder)
}

/** Noisy pictures of 20 x 18 pixels, every class in its own colour. */
export function tinyDataset(
	classNames: readonly string[] = ['cat', 'dog', 'ship'],
	sizes: { readonly train?: number; readonly test?: number } = {},
): Dataset {
	const split = (part: string, perClass: number): Split => ({
		length: classNames.length * perClass,
		label: (index) => Math.floor(index / perClass),
		id: (index) => `${part}/${index}`,
		image: async (index) => {
			const stream = generator(1, 'test-picture', part, index)
			const label = Math.floor(index / perClass)
			const rgb = Uint8Array.from(
				{ length: 20 * 18 * 3 },
				(_, at) => stream.below(128) + (at % 3 === label % 3 ? 128 : 0),
			)
			return { width: 20, height: 18, rgb }
		},
	})
	return {
		name: 'tiny',
		classNames,
		train: split('train', sizes.train ?? 4),
		validation: split('validation', 1),
		test: split('test', sizes.test ?? 4),
		notices: [],
		origin: { dataset: 'own', name: 'tiny' },
	}
}

/** NAP with two prompts, two steps of two micro-batches per epoch on {@link tinyDataset}. */
export function tinyTuning(overrides: Readonly<Record<string, unknown>> = {}): TuningConfig {
	return tuningConfig(
		{
			defense: { name: 'nap', options: { textPrompts: 2, visualPrompts: 2 } },
			shots: 4,
			epochs: 3,
			batchSize: 6,
			microBatchSize: 4,
			classesPerChunk: 2,
			optimizer: { learningRate: 2e-3, warmupRate: 1e-4 },
			attack: { epsilon: 4 / 255, steps: 2, relativeStepSize: 0.6 },
			stopOnCollapse: false,
		},
		overrides,
	)
}
