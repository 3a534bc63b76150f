/** Asks onnxruntime whether a model is whole, before anything is made of it. */

import { NaptuneError } from '../../core/errors.js'
import { shortened } from '../../core/shown.js'
import { isolatedReader } from '../../files/isolated/isolated-reader.js'
import type { Verdict } from './original-model-process.js'

/** Loading ViT-L with its 1.2 GB takes 2 s. */
const limits = { heap: 1024, seconds: 300, idleSeconds: 0 }

/**
 * Has onnxruntime load a model as it came, weights beside it included, in a process of its own: a reader that takes only
 * what it needs would accept what no other program does. Where the native library cannot be loaded, nothing is asked.
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
