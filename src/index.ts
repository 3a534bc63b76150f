/**
 * naptune: harden CLIP models against adversarial images, attack them, and measure what the hardening is worth.
 * Graphs and gradients are in `naptune/onnx`, engines in `naptune/runtime`, attacks in `naptune/attacks`.
 */

export type { Classifier } from './attacks/classifier.js'
export { type OnnxClassifier, type OnnxClassifierOptions, openOnnxClassifier } from './attacks/onnx-classifier.js'
export type { InputDeclaration } from './attacks/onnx-input.js'
export { attackNames, prepareAttack } from './attacks/registry.js'
export type { AttackCounts, AttackOutcome } from './attacks/run-attack.js'
export { type Norm, parseEpsilon, type ThreatModel, threatModel } from './attacks/threat-model.js'
export type { Checkpoint } from './clip/checkpoint.js'
export { type ClipModel, loadClip } from './clip/model.js'
export {
	type ClassProbability,
	createZeroShotClassifier,
	type ZeroShotClassifier,
} from './clip/zero-shot.js'
export { type CaptionsOptions, loadCaptions } from './data/captions.js'
export { checkImages } from './data/check-images.js'
export { classCaptionTemplates, classGallery } from './data/class-captions.js'
export { type Dataset, type Split, subset } from './data/dataset.js'
export { fewShot } from './data/few-shot.js'
export type { Gallery } from './data/gallery.js'
export { type LabelledImages, loadLabelledFolder } from './data/labelled-folder.js'
export { datasetNames, loadDataset } from './data/registry.js'
export { selectClasses, stratifiedSubset } from './data/subsets.js'
export type { Defense, Parameter } from './defenses/defense.js'
export { defenses, prepareDefense } from './defenses/registry.js'
export {
	type ChosenTestTimeDefense,
	chooseTestTimeDefense,
	testTimeDefenses,
} from './defenses/test-time/registry.js'
export { NaptuneError } from './errors.js'
export { assess, type CalibratedScore, flagRates, type RefinementAssessment } from './evaluation/assessment.js'
export { areaUnderRoc, type FalsePositives, falsePositives, pValue } from './evaluation/calibration.js'
export { classPositions } from './evaluation/class-positions.js'
export { type ClassifiedImage, classify } from './evaluation/classify.js'
export { deployedClassifier } from './evaluation/deployed-classifier.js'
export { type DetectionInput, type DetectionResult, measureDetection } from './evaluation/detection.js'
export {
	type Distortion,
	type DistortionInput,
	type DistortionModel,
	measureDistortion,
} from './evaluation/distortion.js'
export type {
	DistanceEstimate,
	DistortionSummary,
	LayerDistortion,
	PlaceDistortion,
} from './evaluation/distortion-samples.js'
export { type Accuracy, type EvaluateInput, type EvaluationResult, evaluate } from './evaluation/evaluate.js'
export { evasionObjective } from './evaluation/evasion-objective.js'
export { inspectRun, type RunInspection } from './evaluation/inspect-run.js'
export { type CalibrateInput, type Calibration, calibrate, hasCorrections } from './evaluation/recorded-calibration.js'
export {
	type DistortionRecord,
	type RecordedDistortionInput,
	recordedDistortion,
} from './evaluation/recorded-distortion.js'
export {
	type EvaluationRecord,
	type EvaluationSettings,
	type Knowledge,
	type RecordedEvaluationInput,
	recordedEvaluation,
} from './evaluation/recorded-evaluation.js'
export {
	type OnnxAttackInput,
	type OnnxAttackRecord,
	recordedOnnxAttack,
} from './evaluation/recorded-onnx-attack.js'
export {
	type RecordedRetrievalInput,
	type RetrievalRecord,
	recordedRetrieval,
} from './evaluation/recorded-retrieval.js'
export {
	type DirectionResult,
	type Recall,
	type RetrievalRanks,
	type RetrievalResult,
	retrievalRanks,
	summarizeRanks,
	summarizeRetrieval,
} from './evaluation/retrieval.js'
export { captionDefense, retrievalAttack } from './evaluation/retrieval-attack.js'
export { testTimeClassifier } from './evaluation/test-time-classifier.js'
export { transferAttack } from './evaluation/transfer-attack.js'
export { loadTunedRun, type OpenedRun, openRun, type TunedRun } from './evaluation/tuned-run.js'
export { wilsonInterval } from './evaluation/wilson.js'
export { worstCase } from './evaluation/worst-case.js'
export { createEngine, type EngineOptions, type ModelEngine } from './runtime/create-engine.js'
export { type Device, devices, type Engine } from './runtime/engine.js'
export {
	type TuningConfig,
	tuningConfig,
} from './tuning/configuration.js'
export { type ConfigurationOrigin, loadPreset, type Preset, presetConfig, presetNames } from './tuning/presets.js'
export { type EpochRecord, type TuneInput, type TuneResult, type TuningProgress, tune } from './tuning/tune.js'
