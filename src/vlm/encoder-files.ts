/** What a model that is a pair of ONNX files is made of. */

import type { DeclaredPort, WeightsFiles } from '../onnx/index.js'
import type { Value } from '../onnx/value.js'

/** The content of an ONNX file, and where weights beside it lie. */
export interface EncoderFile {
	readonly name: string
	readonly bytes: Uint8Array
	readonly weights?: WeightsFiles
}

/** Where a text file looks up the embedding of each token. */
export interface EmbeddingNode {
	/** Name of what the lookup gives. */
	readonly output: string
	/** [vocabulary, width]. */
	readonly matrix: Value
}

/** The two halves of a model. */
export interface Encoders {
	readonly image: EncoderFile
	readonly imagePort: DeclaredPort
	/** Missing where text features are given. */
	readonly text?: EncoderFile & {
		readonly ids: DeclaredPort
		/** Takes 1 for each token up to the end token, where the file asks for it. */
		readonly mask?: string
		readonly embedding?: EmbeddingNode
	}
	/** The factor on cosines. */
	readonly logitScale: number
}
