/** The parts of a model that is a pair of ONNX files. */

import type { DeclaredPort, WeightsFiles } from '../onnx/index.js'
import type { Value } from '../onnx/value.js'

/** The content of an ONNX file, and the location of its other weights. */
export interface EncoderFile {
	readonly name: string
	readonly bytes: Uint8Array
	readonly weights?: WeightsFiles
}

/** Where a text file looks up the embedding of each token. */
export interface EmbeddingNode {
	/** Name of the lookup's result. */
	readonly output: string
	/** [vocabulary, width]. */
	readonly matrix: Value
}

/** The two halves of a model. */
export interface Encoders {
	readonly image: EncoderFile
	readonly imagePort: DeclaredPort
	/** Missing if text features are given. */
	readonly text?: EncoderFile & {
		readonly ids: DeclaredPort
		/** Input that takes 1 for each token up to the end token, if the file has one. */
		readonly mask?: string
		readonly embedding?: EmbeddingNode
	}
	/** The factor on cosines. */
	readonly logitScale: number
}
