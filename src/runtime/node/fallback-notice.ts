/** Saying loudly, and once per process, that the slow engine runs. */

import { nativeEngineCommand } from './native-library.js'

let told = false

/** One line on stderr; further calls in the same process are silent. */
export function tellFallback(reason: string): void {
	if (told) return
	told = true
	process.stderr.write(
		`naptune: WARNING: the native engine cannot be loaded (${reason}); running on onnxruntime-web (WASM), which is several times slower. To install the native engine: ${nativeEngineCommand}\n`,
	)
}
