/** How the towers see a checkpoint's weights, whatever file they lie in. */

import type { ExternalReference } from '../onnx/value.js'

/** One weight tensor of a checkpoint, as a slice of a file with little-endian float32 data. */
export interface WeightReference extends ExternalReference {
	readonly shape: readonly number[]
}
