/** Training of CLIPs and surrogates, for people. */

import type { SurrogateEvent, surrogateResult } from '../../jobs/common/surrogate.js'
import type { JobContext, JobResult } from '../../jobs/job.js'
import type { PretrainEvent, pretrain } from '../../jobs/pretrain.js'
import type { Progress } from '../progress.js'
import { counted, duration, percent } from './format.js'

/** One line per record of pre-training. */
export function pretrainingLines({ line }: Pick<Progress, 'line'>): JobContext<PretrainEvent>['onEvent'] {
	return ({ record: { step, epoch, loss, imagesPerSecond, heldOutAccuracy } }) => {
		const accuracy = heldOutAccuracy === undefined ? '' : `, held-out accuracy ${percent(heldOutAccuracy).trim()}`
		line(
			`epoch ${epoch.toFixed(2)}, step ${step}: loss ${loss.toFixed(4)}${accuracy}, ${imagesPerSecond.toFixed(0)} images/s`,
		)
	}
}

/** A pre-trained model. */
export function pretrainedText({ output, testImages, testAccuracy, seconds }: JobResult<typeof pretrain>): string {
	return [
		`The checkpoint is in ${output}.`,
		`Zero-shot accuracy on CIFAR-10's ${testImages} test images: ${percent(testAccuracy).trim()}`,
		'(zero-shot wording, in-distribution pre-training: its training images showed these ten classes).',
		`Training took ${duration(seconds)}.`,
	].join('\n')
}

/** One line per epoch of a surrogate. */
export function surrogateLines({ line }: Pick<Progress, 'line'>): JobContext<SurrogateEvent>['onEvent'] {
	return ({ means: { epoch, learningRate, ...means }, epochs }) => {
		const numbers = Object.entries(means).map(([name, value]) => `${name} ${value.toFixed(3)}`)
		line(`epoch ${epoch + 1}/${epochs}: ${numbers.join(', ')}, rate ${learningRate.toExponential(1)}`)
	}
}

type Surrogate = JobResult<{ readonly result: typeof surrogateResult }>

/** A trained classifier. */
export function classifierText(result: Surrogate): string {
	const { testAccuracy, testImages = 0 } = result
	return surrogateText(
		result,
		testAccuracy === undefined
			? 'There are no test images to measure its accuracy on.'
			: `Accuracy on ${counted(testImages, 'test image')}: ${percent(testAccuracy).trim()}.`,
	)
}

/** A trained substitute. */
export function substituteText(result: Surrogate): string {
	return surrogateText(result, 'Its outputs are embedding and features (the end of the second stage).')
}

function surrogateText({ output, parameters, seconds }: Surrogate, line: string): string {
	return `The surrogate is ${output}: ${counted(parameters, 'parameter')}, trained in ${duration(seconds)}.\n${line}`
}
