/** Checks with onnxruntime that a model is intact, before anything uses it. */

import { NaptuneError } from '../../core/errors.js'
import { shortened } from '../../core/shown.js'
import { isolatedReader } from '../../files/isolated/isolated-reader.js'
import type { Verdict } from './original-model-process.js'

/** Loading ViT-L with its 1.2 GB takes 2 s. */
const limits = { heap: 1024, seconds: 300, idleSeconds: 0 }

/**
 * Has onnxruntime load an unmodified model with its weight files in a separate process, because our reader takes only what
 * it needs and would accept models that no other program does. Skips the check if the native library does not load.
 * @param path Path of the file.
 * @throws NaptuneError with onnxruntime's reason, or when it crashed.
 */
export async function refuseBrokenModel(path: string): Promise<void> {
	const reader = isolatedReader<{ readonly path: string }, Verdict>(
		new URL('./original-model-process.js', import.meta.url),
		limits,
	)
	const [verdict] = await reader.ask({ path }, path)
	if (verdict?.loads !== false) return
	throw new NaptuneError(
		'NAP_FILE_INVALID',
		`onnxruntime refuses the model: ${shortened(verdict.reason.trim(), 500)}. Export it again.`,
	)
}
