/** The progress of an attack on many images. */

import type { AttackCounts } from '../attacks/run-attack.js'
import { percent } from './format.js'
import type { Session } from './session.js'

/**
 * Follows an attack: of one round by its images, of several by passes through the model, because images leave it early
 * and rounds differ in length. The passes that are left are those if no further image is fooled.
 * @param images Their number. @param several Whether the attack has several rounds.
 */
export function followAttack(
	{ progress }: Pick<Session, 'progress'>,
	label: string,
	images: number,
	several: boolean,
): { tell(counts: AttackCounts): void; end(): void } {
	const task = progress.start(label, several ? 1 : images, several ? 'forward passes' : 'images')
	/** Where the attack itself began, after the clean predictions. */
	let begun: { readonly done: number; readonly work: number } | undefined
	return {
		tell(counts) {
			const { done, total, attacked, robust, standing, round, roundNumber, rounds, work } = counts
			if (several) {
				// The bound first: what does not fit into a terminal is cut at its end.
				const share = roundNumber > 0 ? `at most ${percent(standing / total).trim()} robust, ` : ''
				task.update(work.done, `${share}${round} (${roundNumber}/${rounds})`, Math.ceil(work.done + work.left))
				return
			}
			if (roundNumber > 0) begun ??= { done, work: work.done }
			const { done: before, work: base } = begun ?? { done, work: work.done }
			// A batch can take long: its part that is done counts as so many images.
			const spent = work.done - base
			const part = spent > 0 ? (spent / (spent + work.left)) * (total - before) : 0
			// The first to be done are those that are wrong when clean: a share of them says nothing yet.
			task.update(
				Math.min(total, Math.max(done, Math.floor(before + part))),
				attacked > 0 ? `${percent(robust / done).trim()} robust` : '',
			)
		},
		end: () => task.end(),
	}
}
