/**
 * The graph language and its derivative, without serialisation. Other rooms import this module, so that the protobuf library
 * loads only when a graph is compiled, read or written.
 */

export { float32, tensor } from '../core/tensor.js'
export { grad } from './grad.js'
export * as ops from './ops.js'
export { leavesOf, originate } from './traverse.js'
export type { Value } from './value.js'
