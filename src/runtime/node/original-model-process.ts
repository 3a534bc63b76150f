/** The process in which onnxruntime loads an unmodified model. */

import { answerRequests } from '../../files/isolated/isolated-side.js'
import { loadNativeLibrary } from './native-library.js'

/** onnxruntime's verdict on a model. */
export type Verdict =
	| { readonly loads: true }
	| { readonly loads: false; readonly reason: string }
	/** The native library does not load here. */
	| { readonly loads: undefined }

answerRequests(async function* ({ path }: { readonly path: string }): AsyncGenerator<Verdict> {
	const found = await loadNativeLibrary().catch(() => undefined)
	if (!found) {
		yield { loads: undefined }
		return
	}
	try {
		// Check types, shapes and operators, but fold no constants, which could take unlimited time and memory.
		const options = { graphOptimizationLevel: 'disabled', executionProviders: ['cpu'], logSeverityLevel: 4 } as const
		const session = await found.library.InferenceSession.create(path, options)
		await session.release()
		yield { loads: true }
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error)
		// Another device may have the kernel that the CPU lacks; the model itself is intact.
		yield /NOT_IMPLEMENTED|not implemented/i.test(reason) ? { loads: true } : { loads: false, reason }
	}
})
