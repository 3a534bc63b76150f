/** Tunes AdvPT's text context against the end-to-end attack of NAP-Tuning's equation 3, made again at every step. */

import { defineDefense } from './define-defense.js'
import { textContextDefense, textContextSchema } from './text-context.js'

const schema = textContextSchema(32)

/** AdvPT against the end-to-end attack. */
export const advptE2e = defineDefense({
	name: 'advpt-e2e',
	doc: 'Learns a text context against the end-to-end attack on the cross entropy.',
	source: 'NAP-Tuning, section III-B, equations 3 and 5',
	schema,
	tuning: { loss: 'adversarial' },
	build: (clip, classNames, config) => textContextDefense(clip, classNames, config),
})
