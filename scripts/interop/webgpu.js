// What the page does on WebGPU.

import * as ort from '/ort/ort.webgpu.min.mjs'
import { logitsOf } from '/sessions.js'

ort.env.wasm.wasmPaths = '/ort/'
ort.env.wasm.numThreads = 1

globalThis.adapter = async () => {
	const { info, features } = await navigator.gpu.requestAdapter()
	return { adapter: `${info.vendor} ${info.architecture}`.trim(), shaderF16: features.has('shader-f16') }
}
globalThis.logits = logitsOf(ort, 'webgpu')
