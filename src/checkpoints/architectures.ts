/** Geometries of CLIPs by open_clip's names, one file each in `data/architectures`. */

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NaptuneError } from '../core/errors.js'
import { didYouMean } from '../core/nearest.js'
import { readJsonFile } from '../files/json-file.js'
import { isArchitectureFile } from './model-source.js'

const folder = fileURLToPath(new URL('../../data/architectures', import.meta.url))

/** All names, sorted. */
export async function architectureNames(): Promise<string[]> {
	const files = await readdir(folder)
	return files.flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : [])).sort()
}

/**
 * The `model_cfg` of an architecture.
 * @param name As open_clip spells it (`ViT-B-32`) or as OpenAI does (`ViT-B/32`, `ViT-L/14@336px`), in any case; or the path
 * of a `.json` of open_clip's form, with `embed_dim`, `vision_cfg` and `text_cfg`.
 * @throws NaptuneError for a name that does not exist, listing all, and a file that cannot be read.
 */
export async function architecture(name: string): Promise<{ readonly name: string; readonly model: unknown }> {
	if (isArchitectureFile(name)) return { name, model: await readJsonFile(name) }
	const names = await architectureNames()
	const wanted = name.toLowerCase().replace('@336px', '-336').replaceAll(/[/_]/g, '-')
	const own = names.find((known) => known.toLowerCase() === wanted)
	if (own !== undefined) return { name: own, model: await readJsonFile(join(folder, `${own}.json`)) }
	throw new NaptuneError(
		'NAP_NAME_UNKNOWN',
		`There is no architecture ${name}; those that exist are ${names.join(', ')}.${didYouMean(wanted, names)} Any other plain vision transformer loads from a folder with its open_clip_config.json, or with --architecture FILE.json, of open_clip's form.`,
	)
}
