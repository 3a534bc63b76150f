/** What the correction score of a served picture says, in words. */

import type { FlagRates } from '../evaluation/detection/assessment.js'

/** Two or three sentences for whoever reads an answer. */
export function correctionMeaning({ heavilyCorrected, images, split }: FlagRates): string {
	const { target, threshold } = heavilyCorrected
	const rate = `${Number((100 * target).toPrecision(4))} %`
	const flag =
		threshold === null
			? `${images} are too few to flag any picture at a rate of ${rate}`
			: `flagged is what has a p-value of at most ${target}, which is expected of at most ${rate} of new pictures like them`
	return `The score is the size of what the refiners changed in the image tokens, relative to the tokens. The p-value is the share of ${images} clean ${split} images that were changed at least as much; ${flag}. It tells unusual pictures, and is no defense: an attacker who knows this score can evade it.`
}
