/** A tuning run in front of one's eyes: a bar of images, and one line per epoch. */

import { followTuning as followProgress } from '../jobs/common/follow-tuning.js'
import type { EpochRecord, TuneInput } from '../methods/tuning/tune.js'
import type { Session } from './session.js'
import { epochLines } from './text/tuning-text.js'

/** Callbacks for `tune`. @param epochs Of the whole run. */
export function followTuning(
	session: Pick<Session, 'progress' | 'onProgress'>,
	epochs: number,
): Required<Pick<TuneInput, 'onProgress' | 'onEpoch' | 'onBank'>> & { end(): void } {
	const tell = epochLines(session.progress)
	return {
		...followProgress(session, epochs),
		onEpoch: (record: EpochRecord) => tell({ kind: 'epoch', record, epochs }),
	}
}
