/** What an attacker sees: classifiers, and ONNX files as classifiers. */

export type { Classifier } from './classifier.js'
export {
	type OnnxClassifier,
	type OnnxClassifierOptions,
	openOnnxClassifier,
} from './onnx-file/onnx-classifier.js'
export type { InputDeclaration } from './onnx-file/onnx-input.js'
