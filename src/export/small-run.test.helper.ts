/** A run that is tuned for a moment, and better than guessing from the start: nano on photographs. */

import { join } from 'node:path'
import { loadClip } from '../checkpoints/load-clip.js'
import { loadDataset } from '../data/registry.js'
import { loadPreset, presetConfig } from '../methods/tuning/presets.js'
import { tune } from '../methods/tuning/tune.js'
import type { ModelEngine } from '../runtime/index.js'

/** Tunes it. @param folder That its folder is made in. @returns The run directory. */
export async function smallRun(
	engine: ModelEngine,
	folder: string,
	overrides: Readonly<Record<string, unknown>> = {},
): Promise<string> {
	const output = join(folder, 'run')
	const clip = await loadClip('nano')
	const dataset = await loadDataset('cifar10-mini')
	const { config } = presetConfig(await loadPreset('demo'), 'nap', { epochs: 1, shots: 2, batchSize: 10, ...overrides })
	await tune({ engine, clip, dataset, config, output })
	return output
}
