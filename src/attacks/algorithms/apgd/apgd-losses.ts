/** The losses of APGD by name, and their substitutes for few classes. */

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
	/** Its option name; if another loss replaces it, the name of that loss. */
	readonly name: ApgdSettings['loss']
	/** The stage to report accuracies for. It says so if another loss replaces this one. */
	readonly stage: string
	/** Reads the side input `labels`, and `targets` if it has one. */
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
 * The loss for a number of classes. Targeted DLR ranks four classes; with fewer, the targeted margin replaces it, in a stage
 * called `apgd-t (margin)`.
 * @throws NaptuneError if a loss is undefined: untargeted DLR below 3 classes, margins and targets below 2.
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
