/** Classified pictures, for people. */

import type { classify } from '../../jobs/classify.js'
import type { JobResult } from '../../jobs/job.js'
import { ownImagesText, rateText } from './flag-text.js'
import { percent } from './format.js'

type Classified = JobResult<typeof classify>
type Refinement = NonNullable<Classified['images'][number]['refinement']>

/** Every picture with its classes and, for a run with refiners, how heavily it was corrected. */
export function classificationText({ images, calibration }: Classified): string {
	return [...images.map(pictureText), ...(calibration ? ['', flagText(calibration)] : [])].join('\n')
}

function pictureText({ path, classes, refinement }: Classified['images'][number]): string {
	// A SigLIP may find every class unlikely; some still more than others.
	const unlikely = classes.every(({ probability }) => probability < 5e-4)
	const share = (probability: number) => (unlikely ? `${(100 * probability).toExponential(1)} %` : percent(probability))
	return [
		path,
		...classes.map(({ className, probability }) => `  ${share(probability)}  ${className}`),
		...(refinement ? [correctionText(refinement)] : []),
	].join('\n')
}

function correctionText({ correction, disagreement, heavilyCorrected }: Refinement): string {
	const text = (name: string, { score, pValue }: Refinement['correction']) =>
		`${name} ${score.toPrecision(3)} (p ${pValue.toPrecision(2)})`
	return [
		`  ${heavilyCorrected ? 'heavily corrected: ' : ''}${text('correction', correction)}`,
		...(disagreement ? [`${text('disagreement', disagreement)}${disagreement.high ? ', high' : ''}`] : []),
	].join(', ')
}

function flagText({ heavilyCorrected, images, split }: NonNullable<Classified['calibration']>): string {
	const { target, threshold } = heavilyCorrected
	const flag =
		threshold === null
			? `${images} clean ${split} images are too few to flag any at ${rateText(target)}`
			: `flagged where p is at most ${rateText(target)}, which ${ownImagesText(heavilyCorrected, split)}`
	return `p: share of clean images with at least as large a correction; ${flag}. An attacker who knows this score can evade it.`
}
