/** naptune/classifier/files: ONNX files as classifiers. Node alone; `naptune/classifier` loads in a browser. */

export { type OnnxClassifier, openOnnxClassifier } from './open-onnx-classifier.js'
