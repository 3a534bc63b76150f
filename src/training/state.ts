/** All that a later step of a training depends on, on disk: a resumed training goes on as if it had never stopped. */

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

/** What a training took. */
export interface Usage {
	/** Wall-clock time of all processes that had a part in it. */
	readonly seconds: number
	/** The largest resident memory of the process that was seen with all programs compiled. */
	readonly residentBytes: number
}

/** State after `optimizer.step` steps. Tensors are changed in place. @typeParam Own What a kind of training keeps beside, as JSON. */
export interface TrainingState<Own extends object = object> {
	/** What the optimizer changes. */
	readonly parameters: Readonly<Record<string, Tensor<'float32'>>>
	/** What follows the parameters, by set and name: running averages. */
	readonly averages: Readonly<Record<string, TensorSet>>
	readonly optimizer: OptimizerState
	/** Sums of what the steps since the last line of the log found. */
	sums: Readonly<Record<string, number>>
	/** Finished lines of the log: their length in bytes, and their SHA-256 where it is known. */
	log: { readonly length: number; readonly sha256?: string }
	usage: Usage
	own: Own
}

/** Shapes by name, in the order of the parameters. */
export type Shapes = ReadonlyMap<string, readonly number[]>

/** Where states of a training are kept, and what they look like. */
export interface StateFormat<Own extends object> {
	/** The newest state. */
	readonly path: string
	/** The latest state from which a whole further step was good. */
	readonly lastGoodPath: string
	readonly optimizer: OptimizerName
	readonly parameters: Shapes
	/** Of the averages, by set. */
	readonly averages?: Readonly<Record<string, Shapes>>
	/** Schema of what is kept beside; JSON objects of other keys than those of a state. */
	readonly own: z.ZodType<Own>
	/** Text entries of the header that say of which training a state is. */
	readonly identity?: Readonly<Record<string, string>>
	/** @throws NaptuneError when a state is of another training. */
	readonly checkIdentity?: (metadata: Readonly<Record<string, string>>, path: string) => void
	/** Sets of tensors that earlier versions called otherwise: their names then by their names now. */
	readonly earlierNames?: Readonly<Record<string, string>>
}

/** A state that was saved. */
export interface SavedState<Own extends object> {
	readonly state: TrainingState<Own>
	/** What a person should know of the file; missing where there is nothing. */
	readonly notice?: string
}

const count = z.int().nonnegative()
const progressSchema = z.object({
	step: count,
	logLength: count,
	logSha256: z.string().length(64).optional(),
	sums: z.record(z.string(), z.number()).optional(),
	usage: z.object({ seconds: z.number(), residentBytes: z.number() }).optional(),
	/** Of tuning runs in earlier versions. */
	epochSums: z.record(z.string(), z.number()).optional(),
	/** Of surrogates in earlier versions. */
	seconds: z.number().optional(),
})

/** Saves a state atomically, with its checksum. @throws NaptuneError when it cannot be written; the state before it is kept. */
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
 * The saved state: the newest one, or the last good one where the newest was taken away. Undefined where there is none.
 * @throws NaptuneError when the file is damaged or of another training.
 */
export async function loadState<Own extends object>(format: StateFormat<Own>): Promise<SavedState<Own> | undefined> {
	const { path, lastGoodPath } = format
	if (!existsSync(path)) {
		if (!existsSync(lastGoodPath)) return undefined
		await requireIntact(lastGoodPath, 'Remove it, and resuming begins anew.')
		await copyChecked(lastGoodPath, path, secondName(lastGoodPath))
	}
	const checked = await requireIntact(path, await adviceFor(format))
	const { metadata } = await readSafetensorsHeader(path)
	format.checkIdentity?.(metadata, path)
	const json = jsonOf(metadata)
	const progress = progressSchema.safeParse(json)
	const own = format.own.safeParse(json)
	if (!progress.success || !own.success) throw damaged(path, 'its metadata do not say where the run stands')
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
					? `${path} has no checksum beside it, as with states of earlier versions; damage to it cannot be noticed.`
					: undefined,
		}),
	}
}

/** Keeps the saved state under a second name when newer ones replace it; takes no space until then. */
export async function keepAsLastGood({
	path,
	lastGoodPath,
}: Pick<StateFormat<object>, 'path' | 'lastGoodPath'>): Promise<void> {
	await copyChecked(path, lastGoodPath, secondName(path))
}

/** Removes all states of a training that is finished. */
export async function removeStates({
	path,
	lastGoodPath,
}: Pick<StateFormat<object>, 'path' | 'lastGoodPath'>): Promise<void> {
	await removeChecked(path)
	await removeChecked(lastGoodPath)
}

/** Some file systems know no second names. */
function secondName(of: string): (temporary: string) => Promise<void> {
	return (temporary) => link(of, temporary).catch(() => copyFile(of, temporary))
}

/** What to do about a damaged state. */
async function adviceFor({ path, lastGoodPath }: Pick<StateFormat<object>, 'path' | 'lastGoodPath'>): Promise<string> {
	const usable = existsSync(lastGoodPath) && (await requireIntact(lastGoodPath, '').catch(() => undefined)) === 'intact'
	return usable
		? `Remove ${basename(path)}, and resuming goes on from the last good state, ${basename(lastGoodPath)}.`
		: `Restore it, or remove ${basename(path)}, and resuming begins anew.`
}

/** A set of tensors in the order of `shapes`, whatever the order in the file. */
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

/** What the header says of progress; pre-training of earlier versions kept it in entries of their own. */
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
		`${path} is not a saved state of this run: ${how}. Restore the file, or remove it to begin anew.`,
	)
}
