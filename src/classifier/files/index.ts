/** naptune/classifier/files: ONNX files as classifiers. Node.js only; `naptune/classifier` loads in a browser. */

export { type OnnxClassifier, openOnnxClassifier } from './open-onnx-classifier.js'
