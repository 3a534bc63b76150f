/** A tuning run in front of one's eyes: a bar of images, and one line per epoch. */

import type { EpochRecord, TuningProgress } from '../methods/tuning/tune.js'
import { percent } from './format.js'
import type { Progress, ProgressTask } from './progress.js'

const heading = 'epoch     rate  alpha   clean loss  accuracy   attacked loss  accuracy'

/** Callbacks for `tune`. */
export interface TuningFollower {
	onProgress(state: TuningProgress): void
	onEpoch(record: EpochRecord): void
	onBank(done: number, total: number): void
	/** Records so far, of this call. */
	readonly records: readonly EpochRecord[]
	end(): void
}

/** Follows a run. @param epochs Of the whole run. */
export function followTuning(progress: Progress, epochs: number): TuningFollower {
	const records: EpochRecord[] = []
	let task: ProgressTask | undefined
	let bank: ProgressTask | undefined
	return {
		records,
		onBank(done, total) {
			bank ??= progress.start('making the feature bank', total, 'images')
			bank.update(done)
			if (done === total) bank.end()
		},
		onProgress({ epoch, imagesDone, imagesTotal }) {
			task ??= progress.start('tuning', imagesTotal, 'images', imagesDone)
			task.update(imagesDone, `epoch ${epoch + 1}/${epochs}`)
		},
		onEpoch(record) {
			if (records.length === 0) progress.line(heading)
			records.push(record)
			progress.line(epochLine(record, epochs))
		},
		end() {
			bank?.end()
			task?.end()
		},
	}
}

function epochLine(record: EpochRecord, epochs: number): string {
	const { epoch, learningRate, alpha, cleanLoss, cleanAccuracy, adversarialLoss, adversarialAccuracy } = record
	return [
		`${epoch + 1}/${epochs}`.padStart(5),
		learningRate.toExponential(1).padStart(9),
		alpha.toFixed(2).padStart(7),
		cleanLoss.toFixed(3).padStart(13),
		percent(cleanAccuracy).padStart(10),
		(adversarialLoss === null ? 'no attack' : adversarialLoss.toFixed(3)).padStart(16),
		(adversarialAccuracy === null ? '' : percent(adversarialAccuracy)).padStart(10),
	]
		.join('')
		.trimEnd()
}
