/** Finds the native library, in the carrier package of this platform or in onnxruntime-node. */

import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Device } from '../engine.js'

/** The version of ONNX Runtime with which this release was measured; carriers of other versions are skipped. */
export const engineVersion = '1.30.0'

/**
 * Command that installs the native library if it is missing. The flag keeps its install script from fetching CUDA; npm 10, 11 and
 * 12 know it, whereas npm 12 refuses the package's own flag.
 */
export const nativeEngineCommand = `npm install onnxruntime-node@${engineVersion} --ignore-scripts`

/** Platform as in the names of carriers, such as `linux-x64`. */
export const platform = `${process.platform}-${process.arch}`

/** A place where the native library may be. */
export interface NativePlace {
	/** The package, such as `@naptune/onnxruntime-linux-x64`, or `the engine in naptune's own package`. */
	readonly name: string
	/** Its folder; absent if the package is not installed. */
	readonly folder?: string
	/** Version; absent if the package is not installed. */
	readonly version?: string
	/** Why an installed package is not used. */
	readonly unsuitable?: string
}

/** A loaded native library. */
export interface NativeLibrary {
	readonly library: typeof import('onnxruntime-node')
	readonly place: NativePlace
}

/** Where `npm pack` puts the carrier of the packing machine. */
const packed = fileURLToPath(new URL(`../../../engine/${platform}`, import.meta.url))

/**
 * Places to look for the native library. Carriers come first: they hold the same files for one platform, without an install
 * script. CUDA and similar devices need files that only onnxruntime-node's install script fetches, so for devices other than
 * the CPU onnxruntime-node comes first.
 */
export function nativePlaces(device: Device = 'cpu'): readonly NativePlace[] {
	const carriers = [
		carrier(installed(`@naptune/onnxruntime-${platform}`)),
		carrier(described("the engine in naptune's own package", packed)),
	]
	const whole = installed('onnxruntime-node')
	return device === 'cpu' ? [...carriers, whole] : [whole, ...carriers]
}

/**
 * Loads the native library from the first place that has it.
 * @throws an Error with the reason of every place when none can be loaded.
 */
export async function loadNativeLibrary(
	device: Device = 'cpu',
	places: readonly NativePlace[] = nativePlaces(device),
): Promise<NativeLibrary> {
	const reasons: string[] = []
	for (const place of places) {
		if (place.folder === undefined) reasons.push(`${place.name} is not installed`)
		else if (place.unsuitable !== undefined) reasons.push(`${place.name} ${place.unsuitable}`)
		else {
			try {
				return { library: await imported(place.folder), place }
			} catch (error) {
				const message = error instanceof Error ? error.message : String(error)
				reasons.push(`${place.name} does not load: ${message.split('\n', 1).join()}`)
			}
		}
	}
	throw new Error(reasons.join('; '))
}

async function imported(folder: string): Promise<typeof import('onnxruntime-node')> {
	const { main } = manifestIn(folder)
	return import(pathToFileURL(join(folder, main ?? 'index.js')).href)
}

function carrier(place: NativePlace): NativePlace {
	if (place.version === undefined || place.version === engineVersion) return place
	return { ...place, unsuitable: `has version ${place.version}, this release needs ${engineVersion}` }
}

function installed(name: string): NativePlace {
	try {
		return described(name, dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)))
	} catch {
		return { name }
	}
}

function described(name: string, folder: string): NativePlace {
	if (!existsSync(join(folder, 'package.json'))) return { name }
	const { version } = manifestIn(folder)
	return { name, folder, version: version ?? 'unknown' }
}

function manifestIn(folder: string): { readonly version?: string; readonly main?: string } {
	return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}
