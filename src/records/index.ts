/** Records of every measurement: their schemas and types, and the functions that read and compare them. */

export { type AdversarialManifest, adversarialManifestForm } from './adversarial-images.js'
export { type AuditRecord, type AuditSettings, auditKind } from './audit.js'
export { type Calibration, calibrationKind } from './calibration.js'
export { type Comparison, comparisonForm } from './comparison.js'
export { type DetectionRecord, detectionKind } from './detection.js'
export { type DistortionRecord, distortionKind } from './distortion.js'
export { type EvaluationRecord, type EvaluationSettings, evaluationKind } from './evaluation.js'
export { type ExperimentResult, experimentForm } from './experiment.js'
export { type ExportRecord, exportForm } from './export.js'
export { fingerprint } from './fingerprint.js'
export { type GalleryRecord, galleryKind } from './gallery.js'
export {
	type GateBaseline,
	type GateConfig,
	type GateVerdict,
	gateBaselineForm,
	gateConfigForm,
	gateVerdictForm,
} from './gate.js'
export { jsonSchemaFiles, jsonSchemaOf, recordForms } from './json-schemas.js'
export { type OnnxAttackRecord, onnxAttackKind } from './onnx-attack.js'
export type { Accuracy, StageResult } from './parts/accuracy.js'
export { type AttackDescription, type Knowledge, knowledgeLevels } from './parts/attack.js'
export { type DataOrigin, type OriginKind, originKind } from './parts/data-origin.js'
export type { AttackOutcome } from './parts/outcome.js'
export type { Preset } from './parts/preset.js'
export type { Norm, ThreatModel } from './parts/threat-model.js'
export {
	parseRecord,
	type RecordForm,
	type RecordKind,
	type RecordOf,
	readRecord,
	type SettingsOf,
	writeRecord,
} from './record-kind.js'
export { type RetrievalRecord, retrievalKind } from './retrieval.js'
export {
	type EpochRecord,
	epochForm,
	type RunDescription,
	type RunResult,
	runDescriptionForm,
	runResultForm,
} from './run.js'
export { differences, recordDifferences, sameSettings, settingsIn } from './settings.js'
export { type SurrogateRecord, surrogateKind } from './surrogate.js'
