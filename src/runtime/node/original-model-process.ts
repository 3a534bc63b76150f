/** The process in which onnxruntime loads a model as it came. */

import { answerRequests } from '../../files/isolated/isolated-side.js'
import { loadNativeLibrary } from './native-library.js'

/** What onnxruntime says. */
export type Verdict =
	| { readonly loads: true }
	| { readonly loads: false; readonly reason: string }
	/** The native library cannot be loaded here. */
	| { readonly loads: undefined }

answerRequests(async function* ({ path }: { readonly path: string }): AsyncGenerator<Verdict> {
	const found = await loadNativeLibrary().catch(() => undefined)
	if (!found) {
		yield { loads: undefined }
		return
	}
	try {
		// Types, shapes and operators are checked; folding constants could take any time and memory.
		const options = { graphOptimizationLevel: 'disabled', executionProviders: ['cpu'], logSeverityLevel: 4 } as const
		const session = await found.library.InferenceSession.create(path, options)
		await session.release()
		yield { loads: true }
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error)
		// Another device may have the kernel that the CPU lacks; the model itself is whole.
		yield /NOT_IMPLEMENTED|not implemented/i.test(reason) ? { loads: true } : { loads: false, reason }
	}
})
