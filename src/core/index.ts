/** naptune/core: what all rooms share: errors, tensors and SHA-256. */

export { NaptuneError } from './errors.js'
export { joinRows, range, rowSize, takeRows } from './rows.js'
export { sha256, sha256Hex } from './sha256.js'
export {
	type ElementType,
	elementBytes,
	elementCount,
	float32,
	int64,
	type Tensor,
	type TensorData,
	type TensorDataMap,
	tensor,
} from './tensor.js'
