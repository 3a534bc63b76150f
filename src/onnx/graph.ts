/**
 * The graph language and its derivative, without what turns graphs into bytes and back. Other rooms import this one, so
 * that the protobuf library is loaded when a graph is compiled, read or written, and not with the program.
 */

export { type ElementType, elementCount, float32, int64, type Tensor, type TensorData, tensor } from '../core/tensor.js'
export { type GradOptions, grad } from './grad.js'
export type { Operator } from './operator.js'
export { operators } from './operators/index.js'
export * as ops from './ops.js'
export { leavesOf, nodesInOrder, originate } from './traverse.js'
export type { Dimension, ExternalReference, Shape, Value } from './value.js'
