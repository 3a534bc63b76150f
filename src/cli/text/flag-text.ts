/** What a flag at a false-positive rate promises, in words. */

import type { FalsePositives } from '../../evaluation/detection/calibration.js'

/** A rate as a percentage without needless decimals, such as `5 %` or `0.1 %`. */
export function rateText(rate: number): string {
	return `${Number((100 * rate).toPrecision(4))} %`
}

/**
 * How many of the images that set a flag's threshold it flags, and what that means for new images.
 * @param split The split of the images, such as `validation`.
 */
export function ownImagesText({ flaggedOfOwn, images, target }: FalsePositives, split: string): string {
	return `flags ${flaggedOfOwn} of the ${images} clean ${split} images that set it; expect at most ${rateText(target)} of new images like them`
}
