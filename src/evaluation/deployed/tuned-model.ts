/** A tuned model from what its run says of it and the values of its parameters, wherever they come from. */

import { z } from 'zod'
import { parseEpsilon } from '../../attacks/sets/threat-model.js'
import { NaptuneError } from '../../core/errors.js'
import { isRecord } from '../../core/guards.js'
import type { Defense } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { float32Tensors, safetensorsTensors } from '../../files/safetensors-bytes.js'
import type { ClipModel } from '../../vlm/model.js'
import type { DeployedModel } from './deployed-classifier.js'

/** The attack that belongs to a run: its preset's, or the inner attack's epsilon where that was chosen for the run. */
export interface EvaluationProtocol {
	/** Name of an attack. */
	readonly attack: string
	/** L-infinity, in pixel units of [0, 1]. */
	readonly epsilon: number
}

/** What a run says of the model that it tunes. */
export interface DescribedModel {
	readonly defense: Defense
	/** Epsilon of the inner attack, in pixel units of [0, 1]. */
	readonly trainedEpsilon: number
	/** How the run is meant to be attacked. */
	readonly protocol: EvaluationProtocol
}

/** A tuned model, ready to be deployed. */
export interface TunedModel extends DeployedModel, DescribedModel {}

const description = z.object({
	format: z.literal(1),
	model: z.object({ source: z.string(), sha256: z.string() }),
	dataset: z.object({ origin: z.record(z.string(), z.unknown()), classNames: z.array(z.string()) }),
	defense: z.object({ name: z.string(), options: z.record(z.string(), z.unknown()) }),
	config: z.object({ attack: z.object({ epsilon: z.number() }) }),
	preset: z
		.object({
			evaluation: z.object({ attack: z.string(), epsilon: z.string() }).optional(),
			overrides: z.array(z.record(z.string(), z.unknown())),
		})
		.optional(),
})

/** The description of a run, as far as it is needed to use what was tuned. */
export type RunDescription = z.output<typeof description>

/** Checks the content of a `run.json`. @throws NaptuneError naming the file. */
export function readDescription(content: unknown, path: string): RunDescription {
	const parsed = description.safeParse(content)
	if (parsed.success) return parsed.data
	throw new NaptuneError(
		`${path} is not the description of a run that this version reads:\n${z.prettifyError(parsed.error)}`,
	)
}

/**
 * What a run tunes.
 * @param where The run, for errors.
 * @throws NaptuneError when the model is not the one that the run tunes.
 */
export function describedModel(run: RunDescription, clip: ClipModel, where: string): DescribedModel {
	if (clip.checkpoint.sha256 !== run.model.sha256) {
		throw new NaptuneError(
			`The weights of ${clip.checkpoint.source} (sha256 ${clip.checkpoint.sha256}) are not those that ${where} was tuned on (${run.model.sha256}). Give the same model.`,
		)
	}
	return {
		defense: prepareDefense(run.defense.name, clip, run.dataset.classNames, run.defense.options),
		trainedEpsilon: run.config.attack.epsilon,
		protocol: protocolOf(run),
	}
}

/** @throws NaptuneError when a parameter is missing or of another shape. @param path For errors. */
export function checkParameters(defense: Defense, parameters: DeployedModel['parameters'], path: string): void {
	for (const [name, { shape }] of defense.parameters) {
		const own = parameters[name]
		if (own && own.shape.join() === shape.join()) continue
		throw new NaptuneError(
			`${path} has ${own ? `${name} of shape [${own.shape.join(', ')}]` : `no ${name}`}; its run needs shape [${shape.join(', ')}]. Restore the run directory, or tune again.`,
		)
	}
}

/** The files of a finished tuning run that make its model. */
export interface TunedFiles {
	/** `run.json`, parsed. */
	readonly description: unknown
	/** The content of `parameters.safetensors`. */
	readonly parameters: Uint8Array
}

/**
 * The model that a run tuned, from the contents of its files.
 * @param clip The model that the run started from.
 * @throws NaptuneError when a file is damaged, the model is another one, or parameters are missing or of another shape.
 */
export function tunedModel(clip: ClipModel, files: TunedFiles): TunedModel {
	const described = describedModel(readDescription(files.description, 'run.json'), clip, 'the run')
	const name = 'parameters.safetensors'
	const parameters = float32Tensors(safetensorsTensors(files.parameters, name), name)
	checkParameters(described.defense, parameters, name)
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
