/** naptune/runtime: running graphs in Node.js: engines, devices, programs. In a browser: naptune/runtime/web. */

export {
	type CompileOptions,
	type Device,
	devices,
	type Engine,
	type Feeds,
	type KeptOutputs,
	type ModelEngine,
	type Program,
	type ResidentTensor,
	type SerializedModel,
} from './engine.js'
export { createEngine, type EngineOptions } from './node/create-engine.js'
