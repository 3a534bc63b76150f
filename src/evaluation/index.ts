/** Measures tuned models: robustness, attacker knowledge, retrieval, distortion, detection, audits, stored images. */

export type { AuditResult, AuditStatus } from '../records/audit.js'
export type { AuditCheck } from './audit/audit-check.js'
export type { AuditFinding } from './audit/audit-finding.js'
export { type AuditInput, auditEfforts } from './audit/audit-input.js'
export { type Audit, auditModel } from './audit/audit-model.js'
export { type AuditRecord, type RecordedAuditInput, recordedAudit } from './audit/recorded-audit.js'
export { auditChecks } from './audit/registry.js'
export { classPositions } from './deployed/class-positions.js'
export { type ClassifiedImage, classify } from './deployed/classify.js'
export { deployedClassifier } from './deployed/deployed-classifier.js'
export { inspectRun, type RunInspection } from './deployed/inspect-run.js'
export {
	type Knowledge,
	knowledgeLevels,
	knowledgeNames,
	knownModel,
	usualKnowledge,
} from './deployed/knowledge.js'
export { resizedClassifier } from './deployed/resized-classifier.js'
export { transferAttack } from './deployed/transfer-attack.js'
export { loadTunedRun, type OpenedRun, openRun, type TunedRun } from './deployed/tuned-run.js'
export {
	assess,
	type CalibratedScore,
	flagRates,
	type RefinementAssessment,
} from './detection/assessment.js'
export { areaUnderRoc, type FalsePositives, falsePositives, pValue } from './detection/calibration.js'
export { type DetectionInput, type DetectionResult, measureDetection } from './detection/detection.js'
export {
	type CalibrateInput,
	type Calibration,
	calibrate,
	hasCorrections,
} from './detection/recorded-calibration.js'
export {
	type Distortion,
	type DistortionInput,
	type DistortionModel,
	measureDistortion,
} from './distortion/distortion.js'
export type {
	DistanceEstimate,
	DistortionSummary,
	LayerDistortion,
	PlaceDistortion,
} from './distortion/distortion-samples.js'
export {
	type DistortionRecord,
	type RecordedDistortionInput,
	recordedDistortion,
} from './distortion/recorded-distortion.js'
export {
	type AttackGallery,
	type GalleryImage,
	type GalleryRecord,
	type RecordedGalleryInput,
	readGallery,
	recordedGallery,
} from './gallery/gallery.js'
export { evasionObjective } from './retrieval/evasion-objective.js'
export {
	type RecordedRetrievalInput,
	type RetrievalRecord,
	recordedRetrieval,
} from './retrieval/recorded-retrieval.js'
export {
	type DirectionResult,
	type Recall,
	type RetrievalRanks,
	type RetrievalResult,
	retrievalRanks,
	summarizeRanks,
	summarizeRetrieval,
} from './retrieval/retrieval.js'
export { captionDefense, retrievalAttack } from './retrieval/retrieval-attack.js'
export {
	type Accuracy,
	type EvaluateInput,
	type EvaluationOptions,
	type EvaluationResult,
	evaluate,
	evaluateImages,
} from './robustness/evaluate.js'
export {
	type EvaluationRecord,
	type EvaluationSettings,
	type RecordedEvaluationInput,
	recordedEvaluation,
} from './robustness/recorded-evaluation.js'
export {
	type OnnxAttackInput,
	type OnnxAttackRecord,
	recordedOnnxAttack,
} from './robustness/recorded-onnx-attack.js'
export { worstCase } from './robustness/worst-case.js'
export {
	type AdversarialBatch,
	type AdversarialImages,
	type AdversarialImagesWriter,
	type AdversarialManifest,
	openAdversarialImages,
	readAdversarialImages,
} from './stores/adversarial-images.js'
export { type Generated, type GenerateInput, generateAdversarialImages } from './stores/generate.js'
export {
	requireStored,
	type ScoreInput,
	scoreAdversarialImages,
	storedAttack,
} from './stores/stored-attack.js'
export { testTimeClassifier } from './test-time/test-time-classifier.js'
