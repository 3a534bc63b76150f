/** naptune/onnx: write graphs of standard ONNX operators, differentiate them, turn them into bytes and back. */

export { type ElementType, elementCount, float32, int64, type Tensor, type TensorData, tensor } from '../core/tensor.js'
export { embeddingLookup } from './embedding-lookup.js'
export { type GradOptions, grad } from './grad.js'
export type { Operator } from './operator.js'
export { operators } from './operators/index.js'
export * as ops from './ops.js'
export { type DeclaredPort, describeModel, type ModelDescription } from './parse-model.js'
export { type ReadModel, type ReadOptions, readModel } from './read.js'
export type { WeightsFile, WeightsFiles } from './read-tensor.js'
export { type SerializedModel, type SerializeOptions, serializeModel } from './serialize.js'
export { leavesOf, nodesInOrder, originate } from './traverse.js'
export type { Dimension, ExternalReference, Shape, Value } from './value.js'
