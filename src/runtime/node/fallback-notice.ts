/** Saying loudly, and once per process, that the slow engine runs. */

let told = false

/** One line on stderr; further calls in the same process are silent. */
export function tellFallback(reason: string): void {
	if (told) return
	told = true
	process.stderr.write(
		`naptune: WARNING: onnxruntime-node cannot be loaded (${reason}); running on onnxruntime-web (WASM), which is several times slower.\n`,
	)
}
