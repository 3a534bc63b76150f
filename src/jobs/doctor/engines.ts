/** Finds the engines of this installation, and the devices that the native one supports. */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { defined } from '../../core/defined.js'
import { loadNativeLibrary, type NativePlace, nativePlaces } from '../../runtime/node/native-library.js'
import { refuseTelemetry } from '../../runtime/node/telemetry.js'

/** A package that contains, or could contain, an engine. */
export const engineSchema = z.object({
	name: z.string(),
	version: z.string().nullable().describe('Null if it is not installed.'),
	folder: z.string().exactOptional(),
	state: z
		.enum(['used', 'installed', 'unusable', 'missing'])
		.describe('`used`: the native engine that runs here; `installed`: present but not in use.'),
	reason: z.string().exactOptional().describe('Why it cannot be used.'),
})

/** All engines, and the execution providers of the native one. */
export interface ExaminedEngines {
	readonly engines: z.output<typeof engineSchema>[]
	/** Names from the build of the native library, such as `cpu`; empty if none loads. */
	readonly providers: string[]
}

/** Looks for engines and loads the native one. */
export async function examineEngines(places: readonly NativePlace[] = nativePlaces()): Promise<ExaminedEngines> {
	refuseTelemetry()
	const engines: z.output<typeof engineSchema>[] = []
	let providers: string[] | undefined
	for (const place of places) {
		const { name, folder, version } = place
		const about = { name, version: version ?? null, ...defined({ folder }) }
		if (version === undefined) engines.push({ ...about, state: 'missing' })
		else if (providers) engines.push({ ...about, state: 'installed' })
		else {
			try {
				const { library } = await loadNativeLibrary('cpu', [place])
				providers = library.listSupportedBackends().map((backend) => backend.name)
				engines.push({ ...about, state: 'used' })
			} catch (error) {
				engines.push({ ...about, state: 'unusable', reason: error instanceof Error ? error.message : String(error) })
			}
		}
	}
	return { engines: [...engines, webEngine()], providers: providers ?? [] }
}

function webEngine(): z.output<typeof engineSchema> {
	const name = 'onnxruntime-web'
	try {
		// The package does not export its manifest, which is one folder above the file it loads.
		const folder = dirname(dirname(createRequire(import.meta.url).resolve(name)))
		const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly version: string }
		return { name, version, folder, state: 'installed' }
	} catch {
		return { name, version: null, state: 'missing' }
	}
}
