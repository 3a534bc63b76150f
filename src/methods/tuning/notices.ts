/** Notices about a tuning run: before it starts, whether it can learn at all; afterwards, whether it did. */

import { counted } from '../../core/counted.js'
import type { EpochRecord } from '../../records/run.js'
import { learningRateAt } from '../../training/schedules.js'
import type { TuningConfig } from './configuration.js'

/** Kinds of notices, with their meaning and remedy, from which docs/warnings.md is made. */
export const tuningNoticeKinds = {
	'too-few-steps': {
		means: 'The run has too few optimizer steps at a sufficient learning rate to learn anything.',
		advice: 'Tune for more epochs, in smaller batches, or with less warm-up, as the message suggests.',
	},
	'hardly-learned': {
		means: 'The run did not improve on its own training images, or gives the same answer for every image.',
		advice: 'Compare it with the untuned CLIP before you use it. Tune longer, or with a higher learning rate.',
	},
	'unchecked-file': {
		means: 'A file of the run has no fingerprint, so a change to it would go unnoticed.',
		advice: 'If the file may have changed, tune again. Runs of this version have fingerprints of all files.',
	},
} as const

/** Kind of a notice. */
export type TuningNoticeId = keyof typeof tuningNoticeKinds

/** Names of {@link tuningNoticeKinds}. */
export const tuningNoticeIds = Object.keys(tuningNoticeKinds) as TuningNoticeId[]

/** One notice. */
export interface TuningNotice {
	readonly id: TuningNoticeId
	/** The observation, its meaning and what would help. */
	readonly message: string
}

/** Minimum number of steps at the full learning rate; fewer hardly move the parameters. */
const fewestFullSteps = 10

/** Number of full steps that suggestions aim for. */
const enoughFullSteps = 30

/** The sizes that determine a run's number of steps. */
export interface StepPlan {
	readonly images: number
	/** Images of a step. */
	readonly batchSize: number
	readonly stepsPerEpoch: number
}

/** Learning rate of an epoch under a configuration. */
export function rateOfEpoch({ optimizer, epochs }: Pick<TuningConfig, 'optimizer' | 'epochs'>, epoch: number): number {
	return learningRateAt(epoch, { ...optimizer, warmupRate: optimizer.warmupRate ?? undefined, epochs })
}

/** The steps of a run as an equivalent number of steps at the full rate, which shows how far it can go. */
export function fullSteps(config: Pick<TuningConfig, 'optimizer' | 'epochs'>, stepsPerEpoch: number): number {
	let sum = 0
	for (let epoch = 0; epoch < config.epochs; epoch++) sum += stepsPerEpoch * rateOfEpoch(config, epoch)
	return sum / config.optimizer.learningRate
}

/** Warns about a run whose steps and warm-up leave no room to learn; otherwise empty. */
export function stepNotices(
	config: Pick<TuningConfig, 'optimizer' | 'epochs'>,
	plan: StepPlan,
): readonly TuningNotice[] {
	const full = fullSteps(config, plan.stepsPerEpoch)
	if (full >= fewestFullSteps) return []
	const { epochs, optimizer } = config
	const { images, batchSize, stepsPerEpoch } = plan
	const warm = optimizer.warmupRate === null ? 0 : Math.min(epochs, optimizer.warmupEpochs)
	const steps = epochs * stepsPerEpoch
	const warming =
		warm === 0 ? '' : `, of which ${warm * stepsPerEpoch} (${Math.round((100 * warm) / epochs)} %) are warm-up`
	const message = [
		`Tuning has ${counted(steps, 'optimizer step')}${warming}: ${counted(epochs, 'epoch')} of ${stepsPerEpoch}, ${counted(images, 'image')} in batches of ${batchSize}.`,
		`Together they move the parameters as far as ${full.toFixed(1)} steps at the full rate of ${optimizer.learningRate}. Below about ${fewestFullSteps}, a run learns next to nothing, and its result may be worse than the untuned CLIP.`,
		`These would help: ${suggestions(config, plan, full).join(', ')}.`,
	]
	return [{ id: 'too-few-steps', message: message.join(' ') }]
}

function suggestions(
	config: Pick<TuningConfig, 'optimizer' | 'epochs'>,
	{ images, batchSize, stepsPerEpoch }: StepPlan,
	full: number,
): string[] {
	let epochs = config.epochs
	while (fullSteps({ ...config, epochs }, stepsPerEpoch) < enoughFullSteps && epochs < 1000) epochs++
	const smaller = Math.floor(images / Math.ceil((stepsPerEpoch * enoughFullSteps) / Math.max(full, 1e-9)))
	const { optimizer } = config
	const withoutWarmup = fullSteps({ ...config, optimizer: { ...optimizer, warmupRate: null } }, stepsPerEpoch)
	return [
		`more epochs (epochs=${epochs})`,
		...(smaller >= 1 && smaller < batchSize ? [`smaller batches (batchSize=${smaller})`] : []),
		...(withoutWarmup > 1.2 * full ? ['no warm-up (optimizer.warmupRate=null)'] : []),
	]
}

/** Accuracy above which there is nothing left to learn. */
const ceiling = 0.95

/** Warns about a finished run that did not learn its own training images; otherwise empty. */
export function learningNotices(records: readonly EpochRecord[], epochsAtChance: number): readonly TuningNotice[] {
	const [first, last] = [records[0], records.at(-1)]
	if (!first || !last) return []
	const advice =
		'Compare it with the untuned CLIP before you use it. More epochs, smaller batches or a higher optimizer.learningRate may help.'
	const seen = `Accuracy on the training images: ${changeOf(first, last)}.`
	if (epochsAtChance > 0) {
		const message = `The run gives the same answer for every image: its last ${epochsAtChance === 1 ? 'epoch was' : `${epochsAtChance} epochs were`} at chance. ${seen} ${advice}`
		return [{ id: 'hardly-learned', message }]
	}
	if (records.length < 2 || moved(first, last)) return []
	return [
		{
			id: 'hardly-learned',
			message: `The run hardly learned: from its first epoch to its last, nothing changed beyond chance. ${seen} ${advice}`,
		},
	]
}

/** Whether accuracy rose by more than two standard errors, or has no room to rise. */
function moved(first: EpochRecord, last: EpochRecord): boolean {
	const { images } = last
	if (rose(first.cleanAccuracy, last.cleanAccuracy, images)) return true
	if (first.adversarialAccuracy === null || last.adversarialAccuracy === null) return last.cleanAccuracy >= ceiling
	return last.adversarialAccuracy >= ceiling || rose(first.adversarialAccuracy, last.adversarialAccuracy, images)
}

function rose(before: number, after: number, images: number): boolean {
	// Add one success and one failure, so that a share of 0 or 1 does not count as certain.
	const variance = (share: number) => {
		const smoothed = (share * images + 1) / (images + 2)
		return (smoothed * (1 - smoothed)) / images
	}
	return after - before > 2 * Math.sqrt(variance(before) + variance(after))
}

function changeOf(first: EpochRecord, last: EpochRecord): string {
	const percent = (share: number) => `${(100 * share).toFixed(1)} %`
	const clean = `${percent(first.cleanAccuracy)} in the first epoch, ${percent(last.cleanAccuracy)} in the last`
	if (first.adversarialAccuracy === null || last.adversarialAccuracy === null) return clean
	return `${clean}; under the inner attack ${percent(first.adversarialAccuracy)} and ${percent(last.adversarialAccuracy)}`
}
