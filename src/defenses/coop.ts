/** CoOp: a text context tuned on clean images. As a control, it shows what adversarial tuning adds. */

import { defineDefense } from './define-defense.js'
import { textContextDefense, textContextSchema } from './text-context.js'

const schema = textContextSchema(16)

/** CoOp (Zhou et al., 2022): unified context, class name at the end. */
export const coop = defineDefense({
	name: 'coop',
	doc: 'Learns a text context on clean images; the control without adversarial tuning.',
	source: 'Zhou et al. 2022 (CoOp)',
	schema,
	tuning: { loss: 'clean' },
	build: (clip, classNames, config) => textContextDefense(clip, classNames, config),
})
