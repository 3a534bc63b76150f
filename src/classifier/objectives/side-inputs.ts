/** What an objective reads besides taps: labels, targets, clean features. */

import type { Tensor } from '../../core/tensor.js'
import type { AttackBatch } from '../attack-batch.js'
import type { Classifier } from '../classifier.js'

/** Computes an objective's side inputs for a batch, first axis B; called once, with the clean images. */
export type SideInputs = (classifier: Classifier, batch: AttackBatch) => Promise<Readonly<Record<string, Tensor>>>
