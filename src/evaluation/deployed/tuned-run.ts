/** A finished tuning run, read back from its directory: model, data, defense and parameters, all checked to be the same. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { parseEpsilon } from '../../attacks/sets/threat-model.js'
import { loadClip } from '../../checkpoints/load-clip.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { isRecord } from '../../core/guards.js'
import type { Tensor } from '../../core/tensor.js'
import type { Dataset } from '../../data/dataset.js'
import { type LoadOptions, loadDataset } from '../../data/registry.js'
import type { Defense } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { readJsonFile } from '../../files/json-file.js'
import { runFiles } from '../../methods/tuning/run-directory.js'
import { finalParameters } from '../../methods/tuning/run-result.js'
import { loadTensors } from '../../training/tensor-set.js'
import type { ClipModel } from '../../vlm/model.js'

/** The attack that belongs to a run: its preset's, or the inner attack's epsilon where that was chosen for the run. */
export interface EvaluationProtocol {
	/** Name of an attack. */
	readonly attack: string
	/** L-infinity, in pixel units of [0, 1]. */
	readonly epsilon: number
}

/** A tuned model that can be evaluated or used. */
export interface TunedRun {
	readonly directory: string
	readonly clip: ClipModel
	readonly defense: Defense
	/** Final parameters by name. */
	readonly parameters: Readonly<Record<string, Tensor<'float32'>>>
	/** What a person should know of its files, such as that one cannot be checked. */
	readonly notices: readonly string[]
	/** Epsilon of the inner attack, in pixel units of [0, 1]. */
	readonly trainedEpsilon: number
	/** How the run is meant to be attacked. */
	readonly protocol: EvaluationProtocol
	/** The few-shot sample that it was tuned on, as `fewShot` draws it. */
	readonly fewShot?: { readonly shots: number; readonly seed: number }
	/** Folder that holds the folders of named data sets; missing where the run's data need none. */
	readonly dataRoot?: string
	/**
	 * Loads the data set that the run was tuned on.
	 * @param onProgress Told how far a download is, where the data have to be fetched again.
	 * @throws NaptuneError when it is gone or has changed.
	 */
	dataset(onProgress?: LoadOptions['onProgress']): Promise<Dataset>
}

const sampleSchema = z.object({ shots: z.int().positive(), seed: z.int().nonnegative(), procedure: z.literal('CoOp') })

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

/** A run, finished or not: what it tunes. */
export interface OpenedRun {
	readonly clip: ClipModel
	readonly defense: Defense
	/** Epsilon of the inner attack, in pixel units of [0, 1]. */
	readonly trainedEpsilon: number
	readonly protocol: EvaluationProtocol
	/** The data set's `origin`. */
	readonly origin: Readonly<Record<string, unknown>>
	/** The whole content of `run.json`. */
	readonly description: unknown
}

/**
 * Opens a run, finished or not.
 * @param directory As given to `tune`.
 * @param model Where the model lies now; by default where it was.
 * @throws NaptuneError when there is no run, its description is damaged, or the model's weights are not the same.
 */
export async function openRun(directory: string, model?: string): Promise<OpenedRun> {
	const path = join(directory, runFiles.description)
	if (!existsSync(path)) {
		throw new NaptuneError(
			`${directory} holds no tuning run: ${runFiles.description} is missing. Give the --output folder of a tuning run.`,
		)
	}
	const content = await readJsonFile(path)
	const parsed = description.safeParse(content)
	if (!parsed.success) {
		throw new NaptuneError(
			`${path} is not the description of a run that this version reads:\n${z.prettifyError(parsed.error)}`,
		)
	}
	const run = parsed.data
	const clip = await loadClip(model ?? run.model.source)
	if (clip.checkpoint.sha256 !== run.model.sha256) {
		throw new NaptuneError(
			`The weights of ${clip.checkpoint.source} (sha256 ${clip.checkpoint.sha256}) are not those that ${directory} was tuned on (${run.model.sha256}). Give the same model.`,
		)
	}
	const defense = prepareDefense(run.defense.name, clip, run.dataset.classNames, run.defense.options)
	return {
		clip,
		defense,
		trainedEpsilon: run.config.attack.epsilon,
		protocol: protocolOf(run),
		origin: run.dataset.origin,
		description: content,
	}
}

/**
 * Opens a finished run.
 * @param dataRoot Folder that holds the folders of named data sets now; by default where it was.
 * @throws NaptuneError as {@link openRun}, when the run is not finished, or its parameters are damaged.
 */
export async function loadTunedRun(directory: string, model?: string, dataRoot?: string): Promise<TunedRun> {
	const parametersFile = join(directory, runFiles.parameters)
	if (existsSync(join(directory, runFiles.description)) && !existsSync(parametersFile)) {
		throw new NaptuneError(
			`The run in ${directory} is not finished: ${runFiles.parameters} is missing. Finish it with naptune tune --resume and the same options.`,
		)
	}
	const { clip, defense, trainedEpsilon, protocol, origin } = await openRun(directory, model)
	const { parameters, notices } = await recordedParameters(directory, parametersFile)
	checkParameters(defense, parameters, parametersFile)
	const sample = sampleSchema.safeParse(origin.fewShot)
	// Where the data lie is not what they are.
	const root = dataRoot ?? (typeof origin.root === 'string' ? origin.root : undefined)
	return {
		directory,
		clip,
		defense,
		parameters,
		notices,
		trainedEpsilon,
		protocol,
		...defined({
			fewShot: sample.success ? { shots: sample.data.shots, seed: sample.data.seed } : undefined,
			dataRoot: root,
		}),
		dataset: (onProgress) =>
			sameDataset(origin, directory, { root, ...defined({ onProgress: onProgress || undefined }) }),
	}
}

const fingerprint = z.object({ parametersSha256: z.string() })

/** The parameters that a run ended with, compared with the fingerprint in its record where it has one. */
async function recordedParameters(directory: string, path: string): Promise<Pick<TunedRun, 'parameters' | 'notices'>> {
	const recorded = join(directory, runFiles.result)
	if (!existsSync(recorded)) {
		const notice = `${recorded} is missing, which names the fingerprint of ${runFiles.parameters}; damage to the parameters cannot be noticed.`
		return { parameters: await loadTensors(path), notices: [notice] }
	}
	const result = fingerprint.safeParse(await readJsonFile(recorded))
	if (!result.success) {
		throw new NaptuneError(
			`${recorded} is damaged: it names no fingerprint of the parameters. Restore the run directory, or tune again.`,
		)
	}
	return { parameters: await finalParameters(directory, result.data), notices: [] }
}

function protocolOf({ config, preset }: z.output<typeof description>): EvaluationProtocol {
	const chosen = preset?.overrides.some(({ attack }) => isRecord(attack) && 'epsilon' in attack) ?? true
	const meant = preset?.evaluation
	return {
		attack: meant?.attack ?? 'pgd-100',
		epsilon: meant && !chosen ? parseEpsilon(meant.epsilon) : config.attack.epsilon,
	}
}

async function sameDataset(
	origin: Readonly<Record<string, unknown>>,
	directory: string,
	options: Pick<LoadOptions, 'root' | 'onProgress'>,
): Promise<Dataset> {
	const { fewShot: _, ...source } = origin
	const name = ['folder', 'manifest'].includes(String(source.dataset)) ? source.path : source.dataset
	const seed = typeof source.splitSeed === 'number' ? source.splitSeed : 1
	if (typeof name !== 'string')
		throw new NaptuneError(`${directory} does not say which data it was tuned on; tune again.`)
	const dataset = await loadDataset(name, { ...options, seed })
	const { root: _now, ...own } = JSON.parse(JSON.stringify(dataset.origin)) as Record<string, unknown>
	const { root: _before, ...recorded } = source
	if (!isDeepStrictEqual(own, recorded)) {
		throw new NaptuneError(
			`The data in ${name} has changed since ${directory} was tuned on it: images were added, removed, renamed or moved to another class or split. Restore it, or tune again.`,
		)
	}
	// As it was recorded, so that records of the run go on where they were.
	return { ...dataset, origin: source }
}

function checkParameters(defense: Defense, parameters: TunedRun['parameters'], path: string): void {
	for (const [name, { shape }] of defense.parameters) {
		const own = parameters[name]
		if (own && isDeepStrictEqual([...own.shape], [...shape])) continue
		throw new NaptuneError(
			`${path} has ${own ? `${name} of shape [${own.shape.join(', ')}]` : `no ${name}`}; its run needs shape [${shape.join(', ')}]. Restore the run directory, or tune again.`,
		)
	}
}
