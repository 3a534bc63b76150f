/** naptune/statistics: intervals and tests for reports of robustness. */

export { holmAdjusted } from './holm.js'
export { type McnemarResult, mcnemarOf, mcnemarTest } from './mcnemar.js'
export { meanAndDeviation } from './mean-and-deviation.js'
export { type Estimate, meanInterval } from './mean-interval.js'
export { type MomentSums, type Moments, momentSums } from './moment-sums.js'
export { type PairedDifference, pairedBootstrap } from './paired-bootstrap.js'
export {
	type Decision,
	type RuleBehaviour,
	ruleBehaviour,
	type SequentialTestOptions,
	type StoppingRule,
	sequentialTest,
} from './sequential.js'
export { quantile95, wilsonInterval, wilsonIntervalOfShare } from './wilson.js'
