/** Training of a surrogate in front of one's eyes: a bar of steps, and one line per epoch. */

import type { EpochMeans } from '../methods/surrogates/surrogate-training.js'
import type { ProgressTask } from './progress.js'
import type { Session } from './session.js'

/** Callbacks for the training of a surrogate. @param epochs Of the whole training. */
export function followSurrogate({ progress, stopIfAsked }: Session, epochs: number) {
	let task: ProgressTask | undefined
	let reading: ProgressTask | undefined
	let savedSteps = 0
	return {
		/** Steps that are in the saved state. */
		savedSteps: () => savedSteps,
		onSaved(steps: number): void {
			savedSteps = steps
		},
		onNotice(notice: string): void {
			progress.line(`note: ${notice}`)
		},
		onImage(done: number, total: number): void {
			// Nothing is to be saved yet.
			stopIfAsked()
			reading ??= progress.start('reading images', total, 'images')
			reading.update(done)
			if (done === total) reading.end()
		},
		onStep(done: number, total: number, loss: number): void {
			task ??= progress.start('training', total, 'steps', done - 1)
			task.update(done, `loss ${loss.toFixed(3)}`)
		},
		onEpoch({ epoch, learningRate, ...means }: EpochMeans): void {
			const numbers = Object.entries(means).map(([name, value]) => `${name} ${value.toFixed(3)}`)
			progress.line(`epoch ${epoch + 1}/${epochs}: ${numbers.join(', ')}, rate ${learningRate.toExponential(1)}`)
		},
		end(): void {
			reading?.end()
			task?.end()
		},
	}
}
