/** Explains the correction score of a served picture in words. */

import type { FlagRates } from '../evaluation/detection/assessment.js'

/** Two or three sentences for the reader of an answer. */
export function correctionMeaning({ heavilyCorrected, images, split }: FlagRates): string {
	const { target, threshold } = heavilyCorrected
	const rate = `${Number((100 * target).toPrecision(4))} %`
	const flag =
		threshold === null
			? `${images} are too few to flag any picture at a rate of ${rate}`
			: `a picture is flagged if its p-value is at most ${target}, which is expected for at most ${rate} of new pictures like them`
	return `The score is the size of the refiners' changes to the image tokens, relative to the tokens. The p-value is the share of ${images} clean ${split} images with changes at least as large; ${flag}. The score shows unusual pictures but is not a defense: an attacker who knows it can evade it.`
}
