/** Presets: named, versioned configurations as data files. */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NaptuneError } from '../../core/errors.js'
import { isRecord } from '../../core/guards.js'
import { didYouMean } from '../../core/nearest.js'
import { type Preset, presetSchema } from '../../records/parts/preset.js'
import { mergeSettings, type TuningConfig, tuningConfig } from './configuration.js'

export { type Preset, presetEvaluationSchema } from '../../records/parts/preset.js'

const directory = fileURLToPath(new URL('../../../presets', import.meta.url))

/** Origin of a configuration, for the record of a run: the preset and the changes to it. */
export interface ConfigurationOrigin {
	readonly preset: Preset
	readonly overrides: readonly Readonly<Record<string, unknown>>[]
}

/** Names of all presets. */
export async function presetNames(): Promise<string[]> {
	const files = await readdir(directory)
	return files.flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : [])).sort()
}

/** Reads a preset. @throws NaptuneError for an unknown name, listing the known ones. */
export async function loadPreset(name: string): Promise<Preset> {
	const names = await presetNames()
	if (!names.includes(name)) {
		throw new NaptuneError(
			'NAP_NAME_UNKNOWN',
			`Unknown preset ${name}; choose one of ${names.join(', ')}.${didYouMean(name, names)}`,
		)
	}
	return presetSchema.parse(JSON.parse(await readFile(join(directory, `${name}.json`), 'utf8')))
}

/**
 * The configuration of a method under a preset.
 * @param defense The preset's own method by default.
 * @param overrides Layers of settings over the preset's; a method named there wins over `defense`.
 * @throws NaptuneError listing wrong fields.
 */
export function presetConfig(
	preset: Preset,
	defense: string = preset.defense,
	...overrides: readonly Readonly<Record<string, unknown>>[]
): { readonly config: TuningConfig; readonly origin: ConfigurationOrigin } {
	const layers = overrides.filter((layer) => Object.keys(layer).length > 0)
	const { defense: chosen } = mergeSettings([{ defense: { name: defense } }, ...layers])
	const name = isRecord(chosen) && typeof chosen.name === 'string' ? chosen.name : defense
	return {
		config: tuningConfig(preset.tuning, preset.methods[name] ?? {}, { defense: { name } }, ...layers),
		origin: { preset, overrides: layers },
	}
}
