/**
 * AdvPT: a text context tuned on a bank of adversarial image embeddings, which is made once, before tuning, by maximising
 * the divergence of image features (NAP-Tuning, equations 2 and 5). It prepares for an attacker who knows only the image
 * encoder.
 */

import { defineDefense } from './define-defense.js'
import { textContextDefense, textContextSchema } from './text-context.js'

const schema = textContextSchema(32)

/** AdvPT (Zhang et al., 2024). */
export const advpt = defineDefense({
	name: 'advpt',
	doc: 'Learns a text context against a bank of adversarial image embeddings (KL on image features).',
	source: 'Zhang et al. 2024 (AdvPT); NAP-Tuning, equations 2 and 5',
	schema,
	tuning: {
		loss: 'adversarial',
		attack: { when: 'once', objective: 'feature-kl', start: 'one-sided' },
		augmentation: 'none',
	},
	build: (clip, classNames, config) => textContextDefense(clip, classNames, config),
})
