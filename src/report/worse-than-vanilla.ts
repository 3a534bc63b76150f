/** Writes the sentence that a report must open with if a tuned model is worse than CLIP without tuning. */

import { sizeText } from '../attacks/sets/size-text.js'
import { rightImages } from '../experiments/collect.js'
import type { EvaluationRecord } from '../records/evaluation.js'
import { mcnemarOf } from '../statistics/mcnemar.js'
import { normText, percentText, probabilityText } from './number-text.js'

/** The parts of an evaluation record that the sentence needs. */
export interface ComparedRecord
	extends Pick<EvaluationRecord, 'attack' | 'threatModel' | 'clean' | 'robust' | 'outcomes'> {
	readonly defense: { readonly name: string }
	/** SHA-256 of the image ids. */
	readonly dataset: { readonly ids: string }
}

/**
 * A tuned model is worse than vanilla CLIP if it keeps less under attack, or keeps as much and is less accurate on clean
 * images.
 * @param own The tuned model's evaluation. @param vanilla Vanilla CLIP's, on the same images under the same attack.
 * @param title Name of the model for readers; by default its defense.
 * @returns One sentence with the exact McNemar test on the same images; undefined if it is not worse, or the evaluations use
 * different images.
 */
export function worseThanVanilla(
	own: ComparedRecord,
	vanilla: ComparedRecord,
	title = own.defense.name,
): string | undefined {
	if (own.dataset.ids !== vanilla.dataset.ids) return undefined
	const { attack, threatModel } = own
	const under = `under ${attack.name} at ${normText(threatModel.norm)} epsilon ${sizeText(threatModel)}`
	const clean = compared(own, vanilla, true, 'on clean images')
	const robust = compared(own, vanilla, false, under)
	const worse = robust.difference < 0 || (robust.difference === 0 && clean.difference < 0)
	if (!worse) return undefined
	const weak = [clean, robust].every(({ difference, p }) => difference >= 0 || p >= 0.05)
	const doubt = weak ? '. With so few images this may be chance' : ''
	return `${title} is worse than vanilla CLIP: ${clean.text}; ${robust.text}${doubt}.`
}

/** Compares both on the same images. */
function compared(own: ComparedRecord, vanilla: ComparedRecord, clean: boolean, where: string) {
	const [first, second] = clean ? [own.clean, vanilla.clean] : [own.robust, vanilla.robust]
	const { onlyFirst, onlySecond, p } = mcnemarOf(rightImages(own, clean), rightImages(vanilla, clean))
	return {
		difference: onlyFirst - onlySecond,
		p,
		text: `${percentText(first.accuracy)} against ${percentText(second.accuracy)} ${where} (only it gets ${onlyFirst} of them right, only vanilla ${onlySecond}; exact McNemar test, p ${p < 0.001 ? '' : '= '}${probabilityText(p)})`,
	}
}
