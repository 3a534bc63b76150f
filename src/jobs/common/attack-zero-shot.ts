/** Attacks a CLIP or SigLIP as published, while it classifies zero-shot. */

import { join, resolve } from 'node:path'
import type { PreparedAttack } from '../../attacks/attack-definition.js'
import type { ThreatModel } from '../../attacks/sets/threat-model.js'
import { controlDefense } from '../../evaluation/deployed/control.js'
import type { EvaluationRecord } from '../../evaluation/robustness/recorded-evaluation.js'
import { modelTitle, slug } from '../../records/names.js'
import type { JobContext } from '../job.js'
import { readableImages } from './images.js'
import { chosenImages, loadData, loadModel } from './inputs.js'
import { measure } from './measure.js'
import { protocolText } from './protocol-text.js'
import { stopped } from './stopped.js'

/** The input of {@link attackZeroShot}. */
export interface ZeroShotAttack {
	readonly model: string
	readonly data: string
	readonly dataRoot?: string | undefined
	readonly limit?: number | undefined
	readonly seed: number
	readonly batchSize: number
	readonly output: string
	readonly unreadable: 'stop' | 'exclude'
}

/** Attacks the test images of a data set, whose class names and template supply the texts. */
export async function attackZeroShot(
	input: ZeroShotAttack,
	attack: PreparedAttack,
	threat: ThreatModel,
	context: JobContext,
): Promise<{ readonly record: EvaluationRecord; readonly path: string }> {
	const { model, data, dataRoot, limit, seed, batchSize, output, unreadable } = input
	const clip = await loadModel(context, model)
	const whole = await loadData(context, data, seed, dataRoot)
	const chosen = chosenImages(whole, { split: 'test', limit, seed })
	const { dataset, split } = await readableImages(context, whole, chosen, 'test', unreadable)
	const protocol = protocolText({ images: split.length, split: 'test', data: dataset.name, ...threat, seed })
	context.onNote({ kind: 'plan', text: `${protocol}, ${attack.name}` })
	const measured = await measure(context, {
		clip,
		dataset,
		splitName: 'test',
		split,
		defense: controlDefense(clip, dataset),
		parameters: {},
		attack,
		threatModel: threat,
		seed,
		batchSize,
		reuse: true,
		folder: join(resolve(output), slug(modelTitle(clip.checkpoint.source))),
	})
	if (!measured) throw stopped('Stopped. The outcomes are saved; run the same command again to resume.')
	return measured
}
