/** Warns once per process that the slow engine is in use. */

import { nativeEngineCommand } from './native-library.js'

let warned = false

/** One line on stderr; further calls in the same process are silent. */
export function tellFallback(reason: string): void {
	if (warned) return
	warned = true
	process.stderr.write(
		`naptune: WARNING: the native engine does not load (${reason}); running on onnxruntime-web (WASM), which is several times slower. To install the native engine: ${nativeEngineCommand}\n`,
	)
}
