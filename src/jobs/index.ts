/** Exports all jobs with their schemas, and `defineJob`. */

export { attack } from './attack.js'
export { attackPhoto } from './attack-photo.js'
export { audit } from './audit.js'
export { benchGradient } from './bench-gradient.js'
export { benchLoading } from './bench-loading.js'
export { calibrate } from './calibrate.js'
export { classify } from './classify.js'
export { stopIfAsked, stopped } from './common/stopped.js'
export { compare } from './compare.js'
export { dataDoctor } from './data-doctor.js'
export { dataList } from './data-list.js'
export { defenses } from './defenses.js'
export { demo } from './demo.js'
export { distortion } from './distortion.js'
export { doctor } from './doctor.js'
export { evaluate } from './evaluate.js'
export { exportModel } from './export-model.js'
export { gate } from './gate.js'
export { gateInit } from './gate-init.js'
export { generate } from './generate.js'
export { inspect } from './inspect.js'
export {
	defineJob,
	type Job,
	type JobContext,
	type JobDefinition,
	type JobInput,
	type JobNote,
	type JobProgress,
	type JobResult,
	type JobTask,
	startTask,
} from './job.js'
export { jobSchemaFiles } from './json-schemas.js'
export { pretrain } from './pretrain.js'
export { type JobDescription, jobs } from './registry.js'
export { report } from './report.js'
export { reproduce } from './reproduce.js'
export { reproducePlan } from './reproduce-plan.js'
export { reproduceShard } from './reproduce-shard.js'
export { retrieve } from './retrieve.js'
export { serve } from './serve.js'
export { surrogateHead } from './surrogate-head.js'
export { surrogateSubstitute } from './surrogate-substitute.js'
export { surrogateTrain } from './surrogate-train.js'
export { tune } from './tune.js'
export { verifyRecord } from './verify-record.js'
