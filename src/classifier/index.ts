/**
 * naptune/classifier: what an attacker sees of a model. Images [B, 3, H, W] in [0, 1] to named taps, and objectives with
 * their gradients to the pixels. Loads in a browser; `openOnnxClassifier`, which opens files, is in
 * `naptune/classifier/files`.
 */

export type { AttackBatch } from './attack-batch.js'
export { bpdaClassifier } from './bpda-classifier.js'
export type { Classifier, Taps } from './classifier.js'
export { type ClassifierHooks, decorate } from './decorate.js'
export { expectedGradient, type StepGradient } from './expected-gradient.js'
export {
	type BoundFeeds,
	createGraphClassifier,
	type GraphClassifier,
	type GraphClassifierOptions,
} from './graph-classifier.js'
export { hiddenDraws, type Randomised } from './hidden-draws.js'
export { contrastiveObjective, contrastiveSide } from './objectives/contrastive-objective.js'
export { type DivergenceObjective, featureKl, klToClean } from './objectives/divergence-objectives.js'
export { dlrObjective, targetedDlrObjective } from './objectives/dlr-objectives.js'
export { featureCosine, tapSize } from './objectives/feature-cosine.js'
export { marginObjective, targetedMarginObjective } from './objectives/margin-objectives.js'
export {
	crossEntropyObjective,
	isObjective,
	type Objective,
	type ObjectiveInputs,
	targetedCrossEntropyObjective,
} from './objectives/objective.js'
export type { SideInputs } from './objectives/side-inputs.js'
export {
	type OnnxClassifierOptions,
	type OnnxModelClassifier,
	type OnnxSource,
	onnxClassifier,
} from './onnx-file/onnx-classifier.js'
export {
	type InputDeclaration,
	type ModelInput,
	type Normalisation,
	normalisations,
	pixelRanges,
} from './onnx-file/onnx-input.js'
export type { LogitsFrom, OutputDeclaration } from './onnx-file/onnx-output.js'
export { type PassCounter, type Passes, passCounter, workOf } from './pass-counter.js'
export { logitsOf, predict, predictions } from './predictions.js'
export { watched } from './watched-classifier.js'
