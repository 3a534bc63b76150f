/**
 * naptune: harden CLIP models against adversarial images, attack them, and measure what the hardening is worth.
 * Graphs and gradients are in `naptune/onnx`, engines in `naptune/runtime`, attacks in `naptune/attacks`.
 */

export { attackNames, prepareAttack } from './attacks/registry.js'
export type { AttackOutcome } from './attacks/run/attack-outcomes.js'
export type { AttackCounts } from './attacks/run/run-attack.js'
export { type Norm, parseEpsilon, type ThreatModel, threatModel } from './attacks/sets/threat-model.js'
export { loadClip } from './checkpoints/load-clip.js'
export type { Classifier } from './classifier/classifier.js'
export {
	type OnnxClassifier,
	type OnnxClassifierOptions,
	openOnnxClassifier,
} from './classifier/onnx-file/onnx-classifier.js'
export type { InputDeclaration } from './classifier/onnx-file/onnx-input.js'
export { NaptuneError } from './core/errors.js'
export { type CaptionsOptions, loadCaptions } from './data/captions/captions.js'
export { classCaptionTemplates, classGallery } from './data/captions/class-captions.js'
export type { Gallery } from './data/captions/gallery.js'
export { checkImages } from './data/check-images.js'
export { type Dataset, type Split, subset } from './data/dataset.js'
export type { Examination } from './data/examination.js'
export { type ExamineOptions, examine } from './data/examine.js'
export { fewShot } from './data/few-shot.js'
export { type LabelledImages, loadLabelledFolder } from './data/folders/labelled-folder.js'
export { createImageLoader, type ImageLoader, type ImageLoaderOptions } from './data/loading/image-loader.js'
export { findUnreadable, type UnreadableImage, withoutImages } from './data/loading/unreadable.js'
export { datasetNames, loadDataset } from './data/registry.js'
export { selectClasses, stratifiedSubset } from './data/subsets.js'
export type { Defense, Parameter } from './defenses/defense.js'
export { defenses, prepareDefense } from './defenses/registry.js'
export {
	type ChosenTestTimeDefense,
	chooseTestTimeDefense,
	testTimeDefenses,
} from './defenses/test-time/registry.js'
export type { AuditCheck, AuditFinding, AuditResult, AuditStatus } from './evaluation/audit/audit-check.js'
export { type AuditInput, auditEfforts } from './evaluation/audit/audit-input.js'
export { type Audit, auditModel } from './evaluation/audit/audit-model.js'
export { type AuditRecord, type RecordedAuditInput, recordedAudit } from './evaluation/audit/recorded-audit.js'
export { auditChecks } from './evaluation/audit/registry.js'
export { classPositions } from './evaluation/deployed/class-positions.js'
export { type ClassifiedImage, classify } from './evaluation/deployed/classify.js'
export { deployedClassifier } from './evaluation/deployed/deployed-classifier.js'
export { inspectRun, type RunInspection } from './evaluation/deployed/inspect-run.js'
export {
	type Knowledge,
	knowledgeLevels,
	knowledgeNames,
	knownModel,
	usualKnowledge,
} from './evaluation/deployed/knowledge.js'
export { resizedClassifier } from './evaluation/deployed/resized-classifier.js'
export { transferAttack } from './evaluation/deployed/transfer-attack.js'
export { loadTunedRun, type OpenedRun, openRun, type TunedRun } from './evaluation/deployed/tuned-run.js'
export {
	assess,
	type CalibratedScore,
	flagRates,
	type RefinementAssessment,
} from './evaluation/detection/assessment.js'
export { areaUnderRoc, type FalsePositives, falsePositives, pValue } from './evaluation/detection/calibration.js'
export { type DetectionInput, type DetectionResult, measureDetection } from './evaluation/detection/detection.js'
export {
	type CalibrateInput,
	type Calibration,
	calibrate,
	hasCorrections,
} from './evaluation/detection/recorded-calibration.js'
export {
	type Distortion,
	type DistortionInput,
	type DistortionModel,
	measureDistortion,
} from './evaluation/distortion/distortion.js'
export type {
	DistanceEstimate,
	DistortionSummary,
	LayerDistortion,
	PlaceDistortion,
} from './evaluation/distortion/distortion-samples.js'
export {
	type DistortionRecord,
	type RecordedDistortionInput,
	recordedDistortion,
} from './evaluation/distortion/recorded-distortion.js'
export {
	type AttackGallery,
	type GalleryImage,
	type GalleryRecord,
	type RecordedGalleryInput,
	readGallery,
	recordedGallery,
} from './evaluation/gallery/gallery.js'
export { evasionObjective } from './evaluation/retrieval/evasion-objective.js'
export {
	type RecordedRetrievalInput,
	type RetrievalRecord,
	recordedRetrieval,
} from './evaluation/retrieval/recorded-retrieval.js'
export {
	type DirectionResult,
	type Recall,
	type RetrievalRanks,
	type RetrievalResult,
	retrievalRanks,
	summarizeRanks,
	summarizeRetrieval,
} from './evaluation/retrieval/retrieval.js'
export { captionDefense, retrievalAttack } from './evaluation/retrieval/retrieval-attack.js'
export {
	type Accuracy,
	type EvaluateInput,
	type EvaluationOptions,
	type EvaluationResult,
	evaluate,
	evaluateImages,
} from './evaluation/robustness/evaluate.js'
export {
	type EvaluationRecord,
	type EvaluationSettings,
	type RecordedEvaluationInput,
	recordedEvaluation,
} from './evaluation/robustness/recorded-evaluation.js'
export {
	type OnnxAttackInput,
	type OnnxAttackRecord,
	recordedOnnxAttack,
} from './evaluation/robustness/recorded-onnx-attack.js'
export { worstCase } from './evaluation/robustness/worst-case.js'
export {
	type AdversarialBatch,
	type AdversarialImages,
	type AdversarialImagesWriter,
	type AdversarialManifest,
	openAdversarialImages,
	readAdversarialImages,
} from './evaluation/stores/adversarial-images.js'
export { type Generated, type GenerateInput, generateAdversarialImages } from './evaluation/stores/generate.js'
export {
	requireStored,
	type ScoreInput,
	scoreAdversarialImages,
	storedAttack,
} from './evaluation/stores/stored-attack.js'
export { testTimeClassifier } from './evaluation/test-time/test-time-classifier.js'
export { type ExperimentDefinition, experimentNames, loadExperiment } from './experiments/definition.js'
export type {
	Average,
	Axis,
	Cell,
	Condition,
	ExperimentResult,
	Method,
	PairedResult,
	Problem,
	SeedResult,
} from './experiments/experiment-result.js'
export { type PreparedExperiment, type PrepareInput, prepareExperiments } from './experiments/prepare.js'
export { readExperimentResult } from './experiments/read-experiment-result.js'
export { type FinishedExperiment, type RunExperimentsInput, runExperiments } from './experiments/run-experiments.js'
export { families as surrogateFamilies } from './methods/surrogates/families/registry.js'
export {
	type ClassifierRecipe,
	classifierRecipe,
	type SubstituteRecipe,
	substituteRecipe,
} from './methods/surrogates/recipe.js'
export type { SurrogateResult } from './methods/surrogates/surrogate-record.js'
export { type TrainClassifierInput, trainClassifier } from './methods/surrogates/train-classifier.js'
export { type TrainSubstituteInput, trainSubstitute } from './methods/surrogates/train-substitute.js'
export {
	type TuningConfig,
	tuningConfig,
} from './methods/tuning/configuration.js'
export {
	type ConfigurationOrigin,
	loadPreset,
	type Preset,
	presetConfig,
	presetNames,
} from './methods/tuning/presets.js'
export { type EpochRecord, type TuneInput, type TuneResult, type TuningProgress, tune } from './methods/tuning/tune.js'
export { type ReportSource, readReportSource } from './report/html/report-source.js'
export { pagePath, type WrittenReport, writeReport } from './report/html/write-report.js'
export { tableCsv } from './report/tables/csv.js'
export { experimentTables } from './report/tables/experiment-tables.js'
export { tableLatex } from './report/tables/latex.js'
export { tableMarkdown } from './report/tables/markdown.js'
export type { ReportTable, TableCell } from './report/tables/table.js'
export { tableText } from './report/tables/text.js'
export { type Device, devices, type Engine, type ModelEngine } from './runtime/engine.js'
export { createEngine, type EngineOptions } from './runtime/node/create-engine.js'
export { wilsonInterval } from './statistics/wilson.js'
export type { Checkpoint, ClipModel } from './vlm/model.js'
export {
	type ClassProbability,
	createZeroShotClassifier,
	type ZeroShotClassifier,
} from './vlm/zero-shot.js'
