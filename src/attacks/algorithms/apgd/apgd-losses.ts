/** The losses of APGD by name, and what stands in for one where there are too few classes. */

import {
	dlrClasses,
	dlrObjective,
	targetedDlrClasses,
	targetedDlrObjective,
} from '../../../classifier/objectives/dlr-objectives.js'
import { requireClasses } from '../../../classifier/objectives/logit-parts.js'
import { marginObjective, targetedMarginObjective } from '../../../classifier/objectives/margin-objectives.js'
import { crossEntropyObjective, type Objective } from '../../../classifier/objectives/objective.js'
import type { ApgdSettings } from './apgd-options.js'

/** A loss as APGD uses it. */
export interface ApgdLoss {
	/** Its name among the options; where another stands in, that one's. */
	readonly name: ApgdSettings['loss']
	/** The stage that accuracies are reported for. It says so where another loss stands in. */
	readonly stage: string
	/** It reads the side input `targets` if it has one, and `labels`. */
	readonly objective: Objective
}

const losses: Readonly<Record<ApgdSettings['loss'], Omit<ApgdLoss, 'name'>>> = {
	ce: { stage: 'apgd-ce', objective: crossEntropyObjective },
	dlr: { stage: 'apgd-dlr', objective: dlrObjective },
	'dlr-targeted': { stage: 'apgd-t', objective: targetedDlrObjective },
	margin: { stage: 'apgd-margin', objective: marginObjective },
	'margin-targeted': { stage: 'apgd-t-margin', objective: targetedMarginObjective },
}

/**
 * The loss for a number of classes. Targeted DLR ranks four classes; with fewer the targeted margin stands in, in a stage
 * that is called `apgd-t (margin)`.
 * @throws NaptuneError where a loss has no meaning: untargeted DLR below 3 classes, margins and targets below 2.
 */
export function apgdLoss(name: ApgdSettings['loss'], classes: number): ApgdLoss {
	if (name === 'dlr') {
		requireClasses(classes, dlrClasses, 'APGD on the loss dlr', 'Use the loss margin (preset apgd-margin).')
	} else if (name !== 'ce') {
		requireClasses(classes, 2, `APGD on the loss ${name}`, 'There is nothing to attack.')
	}
	if (name !== 'dlr-targeted' || classes >= targetedDlrClasses) return { name, ...losses[name] }
	return { name: 'margin-targeted', ...losses['margin-targeted'], stage: 'apgd-t (margin)' }
}
