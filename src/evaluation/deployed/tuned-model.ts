/** Builds a tuned model from the description of its run and the values of its parameters, wherever they come from. */

import { parseEpsilon } from '../../attacks/sets/threat-model.js'
import { NaptuneError } from '../../core/errors.js'
import { isRecord } from '../../core/guards.js'
import type { Defense } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { float32Tensors, safetensorsTensors } from '../../files/safetensors-bytes.js'
import { parseRecord } from '../../records/record-form.js'
import { type RunDescription, runDescriptionForm } from '../../records/run.js'
import type { ClipModel } from '../../vlm/model.js'
import type { DeployedModel } from './deployed-classifier.js'
import { requireFiniteParameters } from './finite-parameters.js'

/** The attack that belongs to a run: its preset's, with the inner attack's epsilon if the run chose it. */
export interface EvaluationProtocol {
	/** Name of an attack. */
	readonly attack: string
	/** L-infinity, in pixel units of [0, 1]. */
	readonly epsilon: number
}

/** What a run says about the model that it tunes. */
export interface DescribedModel {
	readonly defense: Defense
	/** Epsilon of the inner attack, in pixel units of [0, 1]. */
	readonly trainedEpsilon: number
	/** How to attack the run. */
	readonly protocol: EvaluationProtocol
}

/** A tuned model, ready to be deployed. */
export interface TunedModel extends DeployedModel, DescribedModel {}

/**
 * The model that a run tunes.
 * @param where The run, for errors.
 * @throws NaptuneError if the model is not the one that the run tunes.
 */
export function describedModel(run: RunDescription, clip: ClipModel, where: string): DescribedModel {
	if (clip.checkpoint.sha256 !== run.model.sha256) {
		throw new NaptuneError(
			'NAP_MODEL_DIFFERS',
			`The weights of ${clip.checkpoint.source} (sha256 ${clip.checkpoint.sha256}) differ from those that ${where} was tuned on (${run.model.sha256}). Give the same model.`,
		)
	}
	return {
		defense: prepareDefense(run.defense.name, clip, run.dataset.classNames, run.defense.options),
		trainedEpsilon: run.config.attack.epsilon,
		protocol: protocolOf(run),
	}
}

/** @throws NaptuneError if a parameter is missing or has the wrong shape. @param path For errors. */
export function checkParameters(defense: Defense, parameters: DeployedModel['parameters'], path: string): void {
	for (const [name, { shape }] of defense.parameters) {
		const own = parameters[name]
		if (own && own.shape.join() === shape.join()) continue
		throw new NaptuneError(
			'NAP_FILE_DAMAGED',
			`${path} has ${own ? `${name} of shape [${own.shape.join(', ')}]` : `no ${name}`}; its run needs shape [${shape.join(', ')}]. Restore the run directory, or tune again.`,
		)
	}
}

/** The files of a finished tuning run that define its model. */
export interface TunedFiles {
	/** `run.json`, parsed. */
	readonly description: unknown
	/** The content of `parameters.safetensors`. */
	readonly parameters: Uint8Array
}

/**
 * The model that a run tuned, from the contents of its files.
 * @param clip The model that the run started from.
 * @throws NaptuneError if a file is damaged, the model is a different one, or parameters are missing, of the wrong shape or
 * not finite.
 */
export function tunedModel(clip: ClipModel, files: TunedFiles): TunedModel {
	const described = describedModel(parseRecord(runDescriptionForm, files.description, 'run.json'), clip, 'the run')
	const name = 'parameters.safetensors'
	const parameters = float32Tensors(safetensorsTensors(files.parameters, name), name)
	checkParameters(described.defense, parameters, name)
	requireFiniteParameters(parameters, name)
	return { clip, parameters, ...described }
}

function protocolOf({ config, preset }: RunDescription): EvaluationProtocol {
	const chosen = preset?.overrides.some(({ attack }) => isRecord(attack) && 'epsilon' in attack) ?? true
	const meant = preset?.evaluation
	return {
		attack: meant?.attack ?? 'pgd-100',
		epsilon: meant && !chosen ? parseEpsilon(meant.epsilon) : config.attack.epsilon,
	}
}
