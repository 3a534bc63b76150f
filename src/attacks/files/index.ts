/** naptune/attacks/files: ONNX files as surrogates of an attack. Node.js only; `naptune/attacks` loads in a browser. */

export { type OpenedSurrogate, openSurrogate } from './open-surrogate.js'
