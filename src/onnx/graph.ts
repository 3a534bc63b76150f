/**
 * The graph language and its derivative, without what turns graphs into bytes and back. Other rooms import this one, so
 * that the protobuf library is loaded when a graph is compiled, read or written, and not with the program.
 */

export { float32, tensor } from '../core/tensor.js'
export { grad } from './grad.js'
export * as ops from './ops.js'
export { leavesOf, originate } from './traverse.js'
export type { Value } from './value.js'
