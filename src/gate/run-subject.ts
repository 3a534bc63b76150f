/** A tuned run, or the CLIP that it started from, as what a gate decides on. */

import { basename } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Dataset, Split } from '../data/dataset.js'
import { prepareDefense } from '../defenses/registry.js'
import { openSubject } from '../evaluation/audit/recorded-audit.js'
import { controlDefense } from '../evaluation/deployed/control.js'
import { deployedClassifier } from '../evaluation/deployed/deployed-classifier.js'
import type { TunedRun } from '../evaluation/deployed/tuned-run.js'
import { splitImages } from '../evaluation/robustness/evaluate.js'
import { fingerprint } from '../records/fingerprint.js'
import { modelTitle } from '../records/names.js'
import type { Engine } from '../runtime/engine.js'
import type { GateSubject } from './subject.js'

/** The input of {@link runSubject}. */
export interface RunSubjectInput {
	readonly engine: Engine
	readonly run: TunedRun
	readonly dataset: Dataset
	/** The sample in its order. */
	readonly split: Split
	/** Whether the gate decides on the CLIP without what was tuned. */
	readonly vanilla: boolean
}

/** Opens a run. What was tuned belongs to no class: on other classes the same parameters stand beside other names. */
export async function runSubject({ engine, run, dataset, split, vanilla }: RunSubjectInput): Promise<GateSubject> {
	const { clip, directory } = run
	const tuned = isDeepStrictEqual([...run.defense.classNames], [...dataset.classNames])
		? run.defense
		: prepareDefense(run.defense.name, clip, dataset.classNames, run.defense.config)
	const defense = vanilla ? controlDefense(clip, dataset) : tuned
	const parameters = vanilla ? {} : run.parameters
	const classifier = await deployedClassifier(engine, clip, defense, parameters)
	return {
		kind: vanilla ? 'vanilla' : 'run',
		name: vanilla ? `vanilla ${modelTitle(clip.checkpoint.source)}` : `${basename(directory)} (${defense.name})`,
		content: {
			model: clip.checkpoint.sha256,
			defense: { name: defense.name, options: defense.config, parameters: fingerprint(parameters) },
			classNames: dataset.classNames,
		},
		classifier,
		images: splitImages(clip, split),
		notices: run.notices,
		async audited(model, threatModel) {
			const opened = await openSubject({ engine, clip, dataset, defense, parameters, threatModel })
			return { subject: { ...opened.subject, model }, release: opened.release }
		},
		release: () => classifier.release(),
	}
}
