/** A calibration, and whether its scores detect attacks, for people. */

import type { calibrate } from '../../jobs/calibrate.js'
import type { JobResult } from '../../jobs/job.js'
import { detectionTable } from './detection-table.js'
import { ownImagesText, rateText } from './flag-text.js'
import { counted, epsilonText } from './format.js'

type Calibrated = JobResult<typeof calibrate>

/** The scores of clean images with their flags and, if images were attacked, how well the scores detect attacks. */
export function calibrationText({ calibration, detection }: Calibrated): string {
	return [
		scoresText(calibration),
		...(detection
			? [
					'',
					detectionTable(detection),
					'',
					`${detection.images} test images, L-infinity epsilon ${epsilonText(detection.epsilon)}, seed ${detection.seed}; per-image outcomes: ${detection.record}`,
					detection.note,
				]
			: []),
	].join('\n')
}

function scoresText({ heavilyCorrected, highDisagreement, images, split, scores }: Calibrated['calibration']): string {
	const line = (name: string, spread: readonly number[], flag: typeof heavilyCorrected) => {
		const [least, median, most] = spread.map((score) => score.toPrecision(3))
		const flagged =
			flag.threshold === null
				? `too few images to flag any at ${rateText(flag.target)}`
				: `flagged above ${flag.threshold.toPrecision(3)}, which ${ownImagesText(flag, split)}`
		return `${name}: ${least} to ${most}, median ${median}; ${flagged}`
	}
	return [
		`Scores of ${counted(images, `clean ${split} image`)}:`,
		line('  correction  ', scores.correction, heavilyCorrected),
		...(scores.disagreement && highDisagreement ? [line('  disagreement', scores.disagreement, highDisagreement)] : []),
	].join('\n')
}
