/** Running graphs: engines, devices, programs. */

export { createEngine, type EngineOptions, type ModelEngine } from './create-engine.js'
export {
	type CompileOptions,
	type Device,
	devices,
	type Engine,
	type Feeds,
	type KeptOutputs,
	type Program,
	type ResidentTensor,
} from './engine.js'
export type { SerializedModel } from './program.js'
