/**
 * Reads the tensors of a `pytorch_model.bin` (written by `torch.save` since PyTorch 1.6: a zip archive of a pickle and raw
 * storages) without executing anything. It understands state dicts of plain tensors, training checkpoints that contain one
 * (ignoring everything else), and TorchScript archives such as OpenAI's CLIPs, of which it reads the attributes of the
 * modules and never the programs.
 */

import type { FileHandle } from 'node:fs/promises'
import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { shortened, shown } from '../../core/shown.js'
import { readInto } from '../read-parts.js'
import { type Dtype, dtypeSize } from '../safetensors-dtype.js'
import { isPickleGlobal, isPickleKey, type PickleRules, readPickle } from './pickle.js'
import { readZipDirectory, type ZipEntry } from './zip-directory.js'

/** A tensor of a state dict: strided elements of a storage in the file. */
export interface PytorchTensor {
	readonly name: string
	readonly dtype: Dtype
	readonly shape: readonly number[]
	/** Step of each dimension in elements. */
	readonly strides: readonly number[]
	/** Absolute offset in the file of the tensor's first element. */
	readonly offset: number
}

const storages: Readonly<Record<string, Dtype>> = {
	'torch.FloatStorage': 'F32',
	'torch.HalfStorage': 'F16',
	'torch.BFloat16Storage': 'BF16',
	'torch.DoubleStorage': 'F64',
	'torch.LongStorage': 'I64',
	'torch.IntStorage': 'I32',
	'torch.ShortStorage': 'I16',
	'torch.CharStorage': 'I8',
	'torch.ByteStorage': 'U8',
	'torch.BoolStorage': 'BOOL',
}
const callables = new Set([
	'collections.OrderedDict',
	'torch._utils._rebuild_tensor_v2',
	'torch._utils._rebuild_parameter',
])
/** TorchScript's wrappers around lists of numbers; each has the list as its first argument. */
const lists = /^torch\.jit\._pickle\.(?:build_(?:int|double|bool|tensor)list|restore_type_tag)$/
/** Where training programs keep the state dict among other things. */
const nested = ['state_dict', 'model_state_dict', 'model', 'net'] as const
/** What they keep beside it: options and numbers, of which the shell alone is made, since nothing reads them. */
const options = new Set(['argparse.Namespace', 'types.SimpleNamespace'])
const inert = new Set([
	'_codecs.encode',
	'collections.defaultdict',
	'numpy.core.multiarray.scalar',
	'numpy._core.multiarray.scalar',
	'numpy.dtype',
	...['__builtin__', 'builtins'].flatMap((module) =>
		['list', 'dict', 'set', 'int', 'float', 'str'].map((name) => `${module}.${name}`),
	),
	...['PosixPath', 'WindowsPath', 'PurePosixPath', 'PureWindowsPath'].map((name) => `pathlib.${name}`),
])
/** Modules within modules. */
const deepest = 64
/** Most attributes over all modules. */
const mostAttributes = 200_000
/** It holds only names, shapes and offsets; the largest CLIPs need well under 1 MB. */
const longestPickle = 1 << 24

interface Storage {
	readonly dtype: Dtype
	readonly elements: number
	readonly offset: number
}

/**
 * Lists the tensors of a `pytorch_model.bin`, of a training checkpoint's state dict, or of a TorchScript archive.
 * @param path For error messages.
 * @throws NaptuneError if the file has the format before PyTorch 1.6, is truncated or damaged, requests anything but tensors
 * (the message names it), or has a tensor outside its storage.
 */
export async function readPytorchTensors(handle: FileHandle, path: string): Promise<PytorchTensor[]> {
	await refuseLegacyFormats(handle, path)
	const entries = await readZipDirectory(handle, path, (name) => /^[^/]+\/code\//.test(name))
	const pickleName = [...entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name))
	if (!pickleName) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${path} is a zip archive without data.pkl, so it was not written by torch.save. Give a state dict.`,
		)
	}
	const root = pickleName.slice(0, -'data.pkl'.length)
	const order = await readEntry(handle, entries.get(`${root}byteorder`), path)
	if (order && order.toString() !== 'little') {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${path} was written on a big-endian machine, which is not supported. Convert it to safetensors.`,
		)
	}
	const pickle = (await readEntry(handle, entries.get(pickleName), path))!
	const isScript = entries.has(`${root}constants.pkl`)
	const read = readPickle(pickle, stateDictRules(entries, root, path, isScript), path)
	const state = isScript ? moduleTensors(read, path) : stateDict(read)
	if (!(state instanceof Map)) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${path} does not hold a state dict (tensors by name). Save model.state_dict() instead.`,
		)
	}
	return [...state].map(([name, value]) => {
		if (typeof name !== 'string' || !isTensor(value)) {
			const others = [...state.keys()].slice(0, 8).map((key) => (typeof key === 'string' ? shortened(key) : shown(key)))
			if (!isScript && !tensorsAmong(state)) {
				throw new NaptuneError(
					'NAP_FILE_INVALID',
					`${path} holds ${others.join(', ')}, and no state dict under ${nested.join(', ')}. Save model.state_dict() instead.`,
				)
			}
			throw new NaptuneError(
				'NAP_FILE_INVALID',
				`${path}: its entry ${typeof name === 'string' ? shortened(name) : shown(name)} is not a tensor. Save model.state_dict() instead.`,
			)
		}
		const { dtype, shape, strides, offset } = value
		return { name, dtype, shape, strides, offset }
	})
}

async function refuseLegacyFormats(handle: FileHandle, path: string): Promise<void> {
	const start = Buffer.alloc(4)
	const length = await readInto(handle, start, 0)
	if (length === 4 && start.readUInt32LE(0) === 0x04034b50) return
	const legacy = start[0] === 0x80 && at(start, 1) <= 5
	throw new NaptuneError(
		'NAP_FILE_INVALID',
		legacy
			? `${path} is in the format of torch.save before PyTorch 1.6, which is not supported. Load and save it once with a newer PyTorch, or use model.safetensors.`
			: `${path} is not a file of torch.save: it is neither a zip archive nor a pickle. Is the download complete?`,
	)
}

async function readEntry(handle: FileHandle, element: ZipEntry | undefined, path: string): Promise<Buffer | undefined> {
	if (!element) return undefined
	if (element.length > longestPickle) {
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${path} holds a pickle of ${element.length} bytes; at most ${longestPickle} are allowed.`,
		)
	}
	const bytes = Buffer.alloc(element.length)
	await readInto(handle, bytes, element.offset)
	return bytes
}

/** The state dict itself, or the one inside a training checkpoint. */
function stateDict(value: unknown): unknown {
	if (!(value instanceof Map) || [...value.values()].every(isTensor)) return value
	const key = nested.find((name) => value.get(name) instanceof Map)
	return key === undefined ? value : value.get(key)
}

function tensorsAmong(state: ReadonlyMap<unknown, unknown>): boolean {
	return [...state.values()].some(isTensor)
}

/** All tensors of a TorchScript module and the modules in it, by the names that its state dict would have. */
function moduleTensors(root: unknown, path: string): Map<string, PytorchTensor> {
	const tensors = new Map<string, PytorchTensor>()
	let attributes = 0
	const collect = (module: Map<unknown, unknown>, prefix: string, depth: number) => {
		for (const [name, value] of module) {
			if (typeof name !== 'string') continue
			if (depth > deepest || ++attributes > mostAttributes) {
				throw new NaptuneError(
					'NAP_FILE_INVALID',
					`${path} nests modules too deeply: more than ${deepest} levels or ${mostAttributes} attributes. Use a file from a source that you trust.`,
				)
			}
			if (isTensor(value)) tensors.set(prefix + name, value)
			else if (value instanceof Map) collect(value, `${prefix}${name}.`, depth + 1)
		}
	}
	if (root instanceof Map) collect(root, '', 1)
	return tensors
}

function stateDictRules(
	entries: ReadonlyMap<string, ZipEntry>,
	root: string,
	path: string,
	isScript: boolean,
): PickleRules {
	const invalid = (what: string) => new NaptuneError('NAP_FILE_INVALID', `${path} is damaged: ${what}. Fetch it again.`)
	return {
		allowed: (name) =>
			callables.has(name) ||
			options.has(name) ||
			inert.has(name) ||
			Object.hasOwn(storages, name) ||
			(isScript && (name.startsWith('__torch__.') || lists.test(name))),
		record: (name) => options.has(name) || (isScript && name.startsWith('__torch__.')),
		call(name, args) {
			switch (name) {
				case 'collections.OrderedDict':
					return orderedDict(args[0] ?? [], invalid)
				case 'torch._utils._rebuild_tensor_v2':
					return rebuildTensor(args, invalid)
				case 'torch._utils._rebuild_parameter':
					if (!isTensor(args[0])) throw invalid('a parameter is not a tensor')
					return args[0]
				default:
					if (lists.test(name)) return args[0]
					if (inert.has(name) || options.has(name)) return new Map()
					throw invalid(`it calls ${shortened(name)}`)
			}
		},
		persistent(id) {
			const [kind, type, key, , elements] = Array.isArray(id) ? (id as unknown[]) : []
			const dtype = isPickleGlobal(type) ? storages[type.global] : undefined
			if (kind !== 'storage' || !dtype || typeof key !== 'string' || !isSize(elements)) {
				throw invalid('it refers to something that is not a storage of tensors')
			}
			const element = entries.get(`${root}data/${key}`)
			if (!element) throw invalid(`the storage ${shortened(key)} is missing`)
			if (element.length !== elements * dtypeSize(dtype)) {
				throw invalid(
					`the storage ${shortened(key)} should have ${elements} elements of ${dtype}, it has ${element.length} bytes`,
				)
			}
			return { dtype, elements, offset: element.offset } satisfies Storage
		},
	}
}

type Invalid = (what: string) => NaptuneError

function orderedDict(items: unknown, invalid: Invalid): Map<unknown, unknown> {
	if (!Array.isArray(items) || !items.every((item) => Array.isArray(item) && item.length === 2)) {
		throw invalid('an OrderedDict does not consist of pairs')
	}
	const pairs = items as [unknown, unknown][]
	const wrong = pairs.find(([key]) => !isPickleKey(key))
	if (wrong) throw invalid(`an OrderedDict has the key ${shown(wrong[0])}`)
	return new Map(pairs)
}

function rebuildTensor(args: readonly unknown[], invalid: Invalid): PytorchTensor {
	const [storage, start, shape, strides] = args
	if (
		!isStorage(storage) ||
		!isSize(start) ||
		!isSizes(shape) ||
		!isSizes(strides) ||
		shape.length !== strides.length
	) {
		throw invalid('a tensor has an impossible storage, offset, size or stride')
	}
	const elements = shape.reduce((product, n) => product * n, 1)
	const final = elements === 0 ? 0 : shape.reduce((sum, n, axis) => sum + (n - 1) * at(strides, axis), start + 1)
	// A tensor with stride 0 may claim any number of elements; a real weight has at most those of its storage.
	if (final > storage.elements || elements > storage.elements) {
		throw invalid(
			`a tensor [${shape.join(', ')}] with strides [${strides.join(', ')}] at ${start} reaches outside its storage of ${storage.elements} elements`,
		)
	}
	const { dtype } = storage
	return { name: '', dtype, shape, strides, offset: storage.offset + start * dtypeSize(dtype) }
}

function isTensor(value: unknown): value is PytorchTensor {
	return typeof value === 'object' && value !== null && 'strides' in value
}

function isStorage(value: unknown): value is Storage {
	return typeof value === 'object' && value !== null && 'elements' in value
}

function isSize(value: unknown): value is number {
	return Number.isSafeInteger(value) && (value as number) >= 0
}

/** Dimensions of a tensor; PyTorch allows 64. */
function isSizes(value: unknown): value is number[] {
	return Array.isArray(value) && value.length <= 64 && value.every(isSize)
}
