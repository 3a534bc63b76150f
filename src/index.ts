/**
 * naptune: harden CLIP models against adversarial images, attack them, and measure what the hardening is worth.
 * Graphs and gradients are in `naptune/onnx`, engines in `naptune/runtime`, attacks in `naptune/attacks`.
 */

export type { AttackOutcome } from './attacks/attack-outcomes.js'
export type { Classifier } from './attacks/classifier.js'
export { type OnnxClassifier, type OnnxClassifierOptions, openOnnxClassifier } from './attacks/onnx-classifier.js'
export type { InputDeclaration } from './attacks/onnx-input.js'
export { attackNames, prepareAttack } from './attacks/registry.js'
export type { AttackCounts } from './attacks/run-attack.js'
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
export { type Examination, type ExamineOptions, examine } from './data/examine.js'
export { fewShot } from './data/few-shot.js'
export type { Gallery } from './data/gallery.js'
export { createImageLoader, type ImageLoader, type ImageLoaderOptions } from './data/image-loader.js'
export { type LabelledImages, loadLabelledFolder } from './data/labelled-folder.js'
export { datasetNames, loadDataset } from './data/registry.js'
export { selectClasses, stratifiedSubset } from './data/subsets.js'
export { findUnreadable, type UnreadableImage, withoutImages } from './data/unreadable.js'
export type { Defense, Parameter } from './defenses/defense.js'
export { defenses, prepareDefense } from './defenses/registry.js'
export {
	type ChosenTestTimeDefense,
	chooseTestTimeDefense,
	testTimeDefenses,
} from './defenses/test-time/registry.js'
export { NaptuneError } from './errors.js'
export {
	type AdversarialBatch,
	type AdversarialImages,
	type AdversarialImagesWriter,
	type AdversarialManifest,
	openAdversarialImages,
	readAdversarialImages,
} from './evaluation/adversarial-images.js'
export { assess, type CalibratedScore, flagRates, type RefinementAssessment } from './evaluation/assessment.js'
export type { AuditCheck, AuditFinding, AuditResult, AuditStatus } from './evaluation/audit/audit-check.js'
export { type AuditInput, auditEfforts } from './evaluation/audit/audit-input.js'
export { type Audit, auditModel } from './evaluation/audit/audit-model.js'
export { type AuditRecord, type RecordedAuditInput, recordedAudit } from './evaluation/audit/recorded-audit.js'
export { auditChecks } from './evaluation/audit/registry.js'
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
export {
	type Accuracy,
	type EvaluateInput,
	type EvaluationOptions,
	type EvaluationResult,
	evaluate,
	evaluateImages,
} from './evaluation/evaluate.js'
export { evasionObjective } from './evaluation/evasion-objective.js'
export {
	type AttackGallery,
	type GalleryImage,
	type GalleryRecord,
	type RecordedGalleryInput,
	readGallery,
	recordedGallery,
} from './evaluation/gallery.js'
export { type Generated, type GenerateInput, generateAdversarialImages } from './evaluation/generate.js'
export { inspectRun, type RunInspection } from './evaluation/inspect-run.js'
export { type Knowledge, knowledgeLevels, knowledgeNames, knownModel, usualKnowledge } from './evaluation/knowledge.js'
export { type CalibrateInput, type Calibration, calibrate, hasCorrections } from './evaluation/recorded-calibration.js'
export {
	type DistortionRecord,
	type RecordedDistortionInput,
	recordedDistortion,
} from './evaluation/recorded-distortion.js'
export {
	type EvaluationRecord,
	type EvaluationSettings,
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
export { resizedClassifier } from './evaluation/resized-classifier.js'
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
export { requireStored, type ScoreInput, scoreAdversarialImages, storedAttack } from './evaluation/stored-attack.js'
export { testTimeClassifier } from './evaluation/test-time-classifier.js'
export { transferAttack } from './evaluation/transfer-attack.js'
export { loadTunedRun, type OpenedRun, openRun, type TunedRun } from './evaluation/tuned-run.js'
export { wilsonInterval } from './evaluation/wilson.js'
export { worstCase } from './evaluation/worst-case.js'
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
export { type ReproducedExperiment, type ReproduceInput, reproduce } from './experiments/reproduce.js'
export { type ReportSource, readReportSource } from './report/html/report-source.js'
export { pagePath, type WrittenReport, writeReport } from './report/html/write-report.js'
export { tableCsv } from './report/tables/csv.js'
export { experimentTables } from './report/tables/experiment-tables.js'
export { tableLatex } from './report/tables/latex.js'
export { tableMarkdown } from './report/tables/markdown.js'
export type { ReportTable, TableCell } from './report/tables/table.js'
export { tableText } from './report/tables/text.js'
export { createEngine, type EngineOptions, type ModelEngine } from './runtime/create-engine.js'
export { type Device, devices, type Engine } from './runtime/engine.js'
export { families as surrogateFamilies } from './surrogates/families/registry.js'
export {
	type ClassifierRecipe,
	classifierRecipe,
	type SubstituteRecipe,
	substituteRecipe,
} from './surrogates/recipe.js'
export type { SurrogateResult } from './surrogates/surrogate-record.js'
export { type TrainClassifierInput, trainClassifier } from './surrogates/train-classifier.js'
export { type TrainSubstituteInput, trainSubstitute } from './surrogates/train-substitute.js'
export {
	type TuningConfig,
	tuningConfig,
} from './tuning/configuration.js'
export { type ConfigurationOrigin, loadPreset, type Preset, presetConfig, presetNames } from './tuning/presets.js'
export { type EpochRecord, type TuneInput, type TuneResult, type TuningProgress, tune } from './tuning/tune.js'
