/**
 * Saves everything that later steps of a training depend on, so that a resumed training continues as if it had never
 * stopped.
 */

import { existsSync } from 'node:fs'
import { copyFile, link } from 'node:fs/promises'
import { basename } from 'node:path'
import { z } from 'zod'
import { entry } from '../core/at.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import type { Tensor } from '../core/tensor.js'
import { copyChecked, removeChecked, requireIntact } from '../files/checksum.js'
import { readSafetensorsHeader } from '../files/safetensors.js'
import { type OptimizerName, type OptimizerState, optimizers } from './optimizers.js'
import { loadTensors, prefixed, saveTensors, type TensorSet, withPrefix } from './tensor-set.js'

/** Resources that a training used. */
export interface Usage {
	/** Wall-clock time, summed over all its processes. */
	readonly seconds: number
	/** Peak resident memory observed with all programs compiled. */
	readonly residentBytes: number
}

/**
 * State after `optimizer.step` steps. Tensors change in place. @typeParam Own Further data of a kind of training, as JSON.
 * */
export interface TrainingState<Own extends object = object> {
	/** Values that the optimizer changes. */
	readonly parameters: Readonly<Record<string, Tensor<'float32'>>>
	/** Running averages of the parameters, by set and name. */
	readonly averages: Readonly<Record<string, TensorSet>>
	readonly optimizer: OptimizerState
	/** Sums of the steps' numbers since the last line of the log. */
	sums: Readonly<Record<string, number>>
	/** Finished lines of the log: their length in bytes, and their SHA-256 if known. */
	log: { readonly length: number; readonly sha256?: string }
	usage: Usage
	own: Own
}

/** Shapes by name, in the order of the parameters. */
export type Shapes = ReadonlyMap<string, readonly number[]>

/** Location and format of a training's states. */
export interface StateFormat<Own extends object> {
	/** The newest state. */
	readonly path: string
	/** The latest state from which one further full step was good. */
	readonly lastGoodPath: string
	readonly optimizer: OptimizerName
	readonly parameters: Shapes
	/** Shapes of the averages, by set. */
	readonly averages?: Readonly<Record<string, Shapes>>
	/** Schema of the further data: JSON objects whose keys differ from those of a state. */
	readonly own: z.ZodType<Own>
	/** Text entries of the header that identify the training. */
	readonly identity?: Readonly<Record<string, string>>
	/** @throws NaptuneError when a state belongs to another training. */
	readonly checkIdentity?: (metadata: Readonly<Record<string, string>>, path: string) => void
	/** Former names of tensor sets, by current name. */
	readonly earlierNames?: Readonly<Record<string, string>>
}

/** A saved state. */
export interface SavedState<Own extends object> {
	readonly state: TrainingState<Own>
	/** Notice about the file for the user; missing if there is none. */
	readonly notice?: string
}

const count = z.int().nonnegative()
const progressSchema = z.object({
	step: count,
	logLength: count,
	logSha256: z.string().length(64).optional(),
	sums: z.record(z.string(), z.number()).optional(),
	usage: z.object({ seconds: z.number(), residentBytes: z.number() }).optional(),
	/** From tuning runs of earlier versions. */
	epochSums: z.record(z.string(), z.number()).optional(),
	/** From surrogates of earlier versions. */
	seconds: z.number().optional(),
})

/**
 * Saves a state atomically, with its checksum. @throws NaptuneError when it cannot be written; the previous state stays. */
export async function saveState<Own extends object>(
	{ path, identity = {} }: Pick<StateFormat<Own>, 'path' | 'identity'>,
	{ parameters, averages, optimizer, sums, log, usage, own }: TrainingState<Own>,
): Promise<void> {
	const like = (arrays: Readonly<Record<string, Float32Array>>): TensorSet =>
		Object.fromEntries(Object.entries(arrays).map(([name, data]) => [name, { ...entry(parameters, name), data }]))
	const memory = Object.entries(optimizer.memory).map(([name, arrays]) => [name, like(arrays)] as const)
	const sets = [['parameters', parameters] as const, ...memory, ...Object.entries(averages)]
	const tensors = Object.assign({}, ...sets.map(([name, set]) => prefixed(name, set)))
	const progress: z.input<typeof progressSchema> = {
		step: optimizer.step,
		logLength: log.length,
		...defined({ logSha256: log.sha256 }),
		sums,
		usage,
	}
	const metadata = { ...identity, progress: JSON.stringify({ ...progress, ...own }) }
	await saveTensors(path, tensors, metadata, { checksum: true })
}

/**
 * Loads the saved state: the newest one, or the last good one if the newest was removed. Undefined if there is none.
 * @throws NaptuneError when the file is damaged or belongs to another training.
 */
export async function loadState<Own extends object>(format: StateFormat<Own>): Promise<SavedState<Own> | undefined> {
	const { path, lastGoodPath } = format
	if (!existsSync(path)) {
		if (!existsSync(lastGoodPath)) return undefined
		await requireIntact(lastGoodPath, 'Remove it to start over.')
		await copyChecked(lastGoodPath, path, secondName(lastGoodPath))
	}
	const checked = await requireIntact(path, await adviceFor(format))
	const { metadata } = await readSafetensorsHeader(path)
	format.checkIdentity?.(metadata, path)
	const json = jsonOf(metadata)
	const progress = progressSchema.safeParse(json)
	const own = format.own.safeParse(json)
	if (!progress.success || !own.success) throw damaged(path, 'its metadata lack the progress of the run')
	const { step, logLength, logSha256, sums, epochSums, usage, seconds = 0 } = progress.data
	const stored = await loadTensors(path)
	const set = (name: string, shapes: Shapes) => storedSet(stored, name, shapes, format)
	const memory = optimizers[format.optimizer].memory.map((name) => {
		const moments = Object.entries(set(name, format.parameters))
		return [name, Object.fromEntries(moments.map(([parameter, { data }]) => [parameter, data]))] as const
	})
	const averages = Object.entries(format.averages ?? {}).map(([name, shapes]) => [name, set(name, shapes)] as const)
	return {
		state: {
			parameters: set('parameters', format.parameters),
			averages: Object.fromEntries(averages),
			optimizer: { step, memory: Object.fromEntries(memory) },
			sums: sums ?? epochSums ?? {},
			log: { length: logLength, ...defined({ sha256: logSha256 }) },
			usage: usage ?? { seconds, residentBytes: 0 },
			own: own.data,
		},
		...defined({
			notice:
				checked === 'unchecked'
					? `${path} has no checksum beside it, like states of earlier versions, so damage would go unnoticed.`
					: undefined,
		}),
	}
}

/** Links the saved state under a second name, so that it survives newer ones; takes no space until then. */
export async function keepAsLastGood({
	path,
	lastGoodPath,
}: Pick<StateFormat<object>, 'path' | 'lastGoodPath'>): Promise<void> {
	await copyChecked(path, lastGoodPath, secondName(path))
}

/** Removes all states of a finished training. */
export async function removeStates({
	path,
	lastGoodPath,
}: Pick<StateFormat<object>, 'path' | 'lastGoodPath'>): Promise<void> {
	await removeChecked(path)
	await removeChecked(lastGoodPath)
}

/** Copies if the file system does not support hard links. */
function secondName(of: string): (temporary: string) => Promise<void> {
	return (temporary) => link(of, temporary).catch(() => copyFile(of, temporary))
}

/** Advice for a damaged state. */
async function adviceFor({ path, lastGoodPath }: Pick<StateFormat<object>, 'path' | 'lastGoodPath'>): Promise<string> {
	const usable = existsSync(lastGoodPath) && (await requireIntact(lastGoodPath, '').catch(() => undefined)) === 'intact'
	return usable
		? `Remove ${basename(path)} to resume from the last good state, ${basename(lastGoodPath)}.`
		: `Restore it, or remove ${basename(path)} to start over.`
}

/** Reads a set of tensors in the order of `shapes`, whatever their order in the file. */
function storedSet(
	stored: TensorSet,
	name: string,
	shapes: Shapes,
	{ path, earlierNames = {} }: Pick<StateFormat<object>, 'path' | 'earlierNames'>,
): Record<string, Tensor<'float32'>> {
	const earlier = Object.entries(earlierNames).find(([, now]) => now === name)?.[0]
	const found = { ...(earlier === undefined ? {} : withPrefix(stored, earlier)), ...withPrefix(stored, name) }
	return Object.fromEntries(
		[...shapes].map(([own, shape]) => {
			const value = found[own]
			if (value && String(value.shape) === String(shape)) return [own, value] as const
			throw damaged(path, `${name}/${own} is missing or not of shape [${shape.join(', ')}]`)
		}),
	)
}

/** The progress in the header; pre-training of earlier versions kept it in separate entries. */
function jsonOf({ progress, step, logLength }: Readonly<Record<string, string>>): unknown {
	try {
		return progress === undefined && step !== undefined
			? { step: Number(step), logLength: Number(logLength) }
			: JSON.parse(progress ?? '')
	} catch {
		return undefined
	}
}

function damaged(path: string, how: string): NaptuneError {
	return new NaptuneError(
		'NAP_FILE_DAMAGED',
		`${path} is not a saved state of this run: ${how}. Restore the file, or remove it to start over.`,
	)
}
