/**
 * Reads Python pickles that build only plain data and what `allowed` lists. Nothing is ever executed: a pickle is a program,
 * and this interpreter lacks the instructions that could do harm. Opcodes: Python's Lib/pickletools.py.
 */

import { NaptuneError } from '../../core/errors.js'
import { shown } from '../../core/shown.js'

/** A dictionary, in insertion order. */
export type PickleDictionary = Map<unknown, unknown>

/** A Python name in the pickle; the name is harmless, and only {@link PickleRules.call} gives it a meaning. */
export interface PickleGlobal {
	readonly global: string
}

/** What a pickle may do beyond plain data. */
export interface PickleRules {
	/** Whether a name such as `collections.OrderedDict` may appear at all. */
	readonly allowed: (name: string) => boolean
	/** The value of calling an allowed name. Throws if the call is not allowed. */
	readonly call: (name: string, args: readonly unknown[]) => unknown
	/**
	 * Names of classes whose instances become the dictionary of their attributes; instances of any other class are refused,
	 * and all instances if this is missing. No class is ever looked up.
	 */
	readonly record?: (name: string) => boolean
	/** The value of a reference to data outside the pickle. */
	readonly persistent: (id: unknown) => unknown
}

/** Whether a value of a pickle is a name. */
export function isPickleGlobal(value: unknown): value is PickleGlobal {
	return typeof value === 'object' && value !== null && 'global' in value
}

const mark = Symbol('mark')

/**
 * Limits of one pickle: instructions, counting the values in calls, and lists, tuples and dictionaries, each of which takes
 * hundreds of bytes of memory for one in the file. A CLIP with three billion parameters needs 60,000 and 10,000.
 */
const most = { steps: 2_000_000, containers: 200_000 }
/** Most values on the stack; also bounds the depth of nesting. */
const deepestStack = 100_000

/**
 * Interprets a pickle. Tuples and lists become arrays, dictionaries maps, `None` null, integers numbers (or big integers).
 * Keys of dictionaries are texts or numbers.
 * @param bytes The pickle.
 * @param path For error messages.
 * @throws NaptuneError that names the refused name or opcode; also if the pickle is damaged, or makes more than any file of
 * tensors needs.
 */
export function readPickle(bytes: Uint8Array, rules: PickleRules, path: string): unknown {
	const reader = byteReader(bytes, path)
	const stack: unknown[] = []
	const memo = new Map<number, unknown>()
	const records = new WeakSet<object>()
	const damaged = (what: string) =>
		new NaptuneError('NAP_FILE_INVALID', `${path} holds a damaged pickle: ${what}. Fetch it again.`)
	const refused = (what: string) =>
		new NaptuneError(
			'NAP_FILE_INVALID',
			`${path} was refused: ${what}, which a tensor file does not need. Nothing was executed. Use a model.safetensors from a source that you trust.`,
		)
	let steps = 0
	let containers = 0
	const spend = (count: number) => {
		steps += count
		if (steps > most.steps) throw refused(`its pickle takes more than ${most.steps} steps`)
		if (stack.length > deepestStack) throw refused(`its pickle piles up more than ${deepestStack} values`)
	}
	const pushContainer = (value: unknown[] | PickleDictionary) => {
		if (++containers > most.containers) {
			throw refused(`its pickle makes more than ${most.containers} lists and dictionaries`)
		}
		stack.push(value)
	}
	const pop = (): unknown => {
		if (stack.length === 0 || stack.at(-1) === mark) throw damaged('it takes more from its stack than there is')
		return stack.pop()
	}
	const popToMark = (): unknown[] => {
		const at = stack.lastIndexOf(mark)
		if (at < 0) throw damaged('a mark is missing')
		return stack.splice(at).slice(1)
	}
	const top = <T>(kind: string, is: (value: unknown) => value is T): T => {
		const value = stack.at(-1)
		if (!is(value)) throw damaged(`a ${kind} is missing`)
		return value
	}
	const setItems = (items: readonly unknown[]) => {
		const dictionary = top('dictionary', isMap)
		if (items.length % 2 !== 0) throw damaged('a dictionary has a key without a value')
		for (let i = 0; i < items.length; i += 2) {
			if (!isPickleKey(items[i])) throw refused(`a dictionary of its pickle has the key ${shown(items[i])}`)
			dictionary.set(items[i], items[i + 1])
		}
	}
	const tuple = (length: number) => pushContainer(Array.from({ length }, pop).reverse())
	const remember = (key: number) => memo.set(key, stack.at(-1))
	const recall = (key: number) => {
		if (!memo.has(key)) throw damaged(`memo ${key} is missing`)
		stack.push(memo.get(key))
	}
	const pushGlobal = (module: unknown, name: unknown) => {
		if (typeof module !== 'string' || typeof name !== 'string') throw damaged('a name is not text')
		const global = `${module}.${name}`
		if (!rules.allowed(global)) throw refused(`it asks Python to use ${shown(global)}`)
		stack.push({ global } satisfies PickleGlobal)
	}
	const call = () => {
		const args = pop()
		const callee = pop()
		if (!isPickleGlobal(callee) || !Array.isArray(args)) throw damaged('it calls something that is not a name')
		// A call may copy its arguments, and receive the same ones again and again.
		for (const arg of args) if (Array.isArray(arg)) spend(arg.length)
		spend(args.length)
		if (++containers > most.containers) throw refused(`its pickle makes more than ${most.containers} objects`)
		stack.push(rules.call(callee.global, args))
	}
	const actions: Readonly<Record<string, () => unknown>> = {
		'\x80': () => reader.uint(1), // PROTO
		'\x95': () => reader.take(8), // FRAME
		c: () => pushGlobal(reader.line(), reader.line()), // GLOBAL
		'\x93': () => {
			const name = pop()
			pushGlobal(pop(), name) // STACK_GLOBAL
		},
		R: call, // REDUCE
		// BUILD: torch's OrderedDict has version numbers as attributes, which nothing reads; a record is its attributes.
		b: () => {
			const state = pop()
			const target = top('dictionary', isMap)
			if (!records.has(target)) return
			if (!isMap(state)) throw damaged('an object has no dictionary of attributes')
			spend(state.size)
			for (const [key, value] of state) target.set(key, value)
		},
		// NEWOBJ
		'\x81': () => {
			if (!rules.record) throw refused('its pickle uses opcode 0x81')
			pop()
			const type = pop()
			if (!isPickleGlobal(type) || !rules.record(type.global)) throw refused('it makes an object')
			const made: PickleDictionary = new Map()
			records.add(made)
			pushContainer(made)
		},
		Q: () => stack.push(rules.persistent(pop())), // BINPERSID
		'(': () => stack.push(mark), // MARK
		'0': pop, // POP
		'1': popToMark, // POP_MARK
		N: () => stack.push(null), // NONE
		'\x88': () => stack.push(true), // NEWTRUE
		'\x89': () => stack.push(false), // NEWFALSE
		K: () => stack.push(reader.uint(1)), // BININT1
		M: () => stack.push(reader.uint(2)), // BININT2
		J: () => stack.push(reader.uint(4) | 0), // BININT
		'\x8a': () => stack.push(reader.long(reader.uint(1))), // LONG1
		G: () => stack.push(reader.float()), // BINFLOAT
		X: () => stack.push(reader.text(reader.uint(4))), // BINUNICODE
		'\x8c': () => stack.push(reader.text(reader.uint(1))), // SHORT_BINUNICODE
		'\x8d': () => stack.push(reader.text(Number(reader.long(8)))), // BINUNICODE8
		U: () => stack.push(reader.text(reader.uint(1))), // SHORT_BINSTRING
		T: () => stack.push(reader.text(reader.uint(4))), // BINSTRING
		')': () => pushContainer([]), // EMPTY_TUPLE
		']': () => pushContainer([]), // EMPTY_LIST
		'}': () => pushContainer(new Map()), // EMPTY_DICT
		t: () => pushContainer(popToMark()), // TUPLE
		'\x85': () => tuple(1),
		'\x86': () => tuple(2),
		'\x87': () => tuple(3),
		a: () => {
			const item = pop()
			top('list', Array.isArray).push(item) // APPEND
		},
		e: () => {
			const items = popToMark()
			for (const item of items) top('list', Array.isArray).push(item) // APPENDS
		},
		s: () => {
			const value = pop()
			setItems([pop(), value]) // SETITEM
		},
		u: () => setItems(popToMark()), // SETITEMS
		q: () => remember(reader.uint(1)), // BINPUT
		r: () => remember(reader.uint(4)), // LONG_BINPUT
		'\x94': () => remember(memo.size), // MEMOIZE
		h: () => recall(reader.uint(1)), // BINGET
		j: () => recall(reader.uint(4)), // LONG_BINGET
	}
	for (;;) {
		const opcode = String.fromCharCode(reader.uint(1))
		if (opcode === '.') return pop() // STOP
		const action = Object.hasOwn(actions, opcode) ? actions[opcode] : undefined
		if (!action) throw refused(`its pickle uses opcode 0x${opcode.charCodeAt(0).toString(16).padStart(2, '0')}`)
		spend(1)
		action()
	}
}

/** Whether a value may be the key of a dictionary here. Lists would be printed in full by error messages. */
export function isPickleKey(value: unknown): value is string | number {
	return typeof value === 'string' || typeof value === 'number'
}

function isMap(value: unknown): value is PickleDictionary {
	return value instanceof Map
}

function byteReader(bytes: Uint8Array, path: string) {
	const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
	let position = 0
	const take = (length: number): Buffer => {
		// An 8-byte length is signed and may be negative, which would read earlier bytes.
		if (!(length >= 0 && position + length <= buffer.length)) {
			throw new NaptuneError(
				'NAP_FILE_INVALID',
				`${path} holds a truncated pickle: it ends before its last instruction. Fetch it again.`,
			)
		}
		position += length
		return buffer.subarray(position - length, position)
	}
	return {
		take,
		/** Little-endian, unsigned. */
		uint: (length: number): number => take(length).readUIntLE(0, length),
		float: (): number => take(8).readDoubleBE(0),
		text: (length: number): string => take(length).toString('utf8'),
		/** Little-endian two's complement of any length. */
		long: (length: number): number | bigint => {
			const digits = Buffer.from(take(length)).reverse().toString('hex')
			const value = BigInt.asIntN(8 * length, BigInt(`0x${digits || '0'}`))
			return Number.isSafeInteger(Number(value)) ? Number(value) : value
		},
		line: (): string => {
			const end = buffer.indexOf(0x0a, position)
			const text = take((end < 0 ? buffer.length : end) - position + 1).toString('utf8')
			return text.slice(0, -1)
		},
	}
}
