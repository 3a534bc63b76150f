/** naptune/runtime/web: running graphs in a browser, on onnxruntime-web. */

export type {
	CompileOptions,
	Engine,
	Feeds,
	KeptOutputs,
	ModelEngine,
	Program,
	ResidentTensor,
	SerializedModel,
} from '../engine.js'
export { createWebEngine, type WebEngineOptions } from './create-web-engine.js'
