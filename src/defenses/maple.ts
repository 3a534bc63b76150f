/** MaPLe: deep text prompts whose linear maps are the visual ones, tuned on clean images. A control, as CoOp is. */

import { advptVlj } from './advpt-vlj.js'
import type { DefenseDefinition } from './define-defense.js'

/** MaPLe (Khattak et al., 2023): learns what `advpt-vlj` learns, by the clean cross entropy. */
export const maple: DefenseDefinition = {
	...advptVlj,
	name: 'maple',
	doc: 'Learns deep text prompts and a linear map from each to the visual ones, on clean images; a control.',
	source: 'Khattak et al. 2023 (MaPLe); muzairkhattak/multimodal-prompt-learning (2 vectors, depth 9)',
	tuning: { loss: 'clean' },
	prepare: (...call) => ({ ...advptVlj.prepare(...call), name: 'maple' }),
}
