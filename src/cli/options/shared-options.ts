/** Options that commands share, and parsers for their values. */

import { availableParallelism } from 'node:os'
import { type Command, InvalidArgumentError } from 'commander'
import { parseEpsilon, threatModel } from '../../attacks/sets/threat-model.js'
import { type Device, devices } from '../../runtime/engine.js'
import { Option } from './option.js'

/** Options of every command. */
export interface SharedOptions {
	readonly device: Device
	readonly threads: number
	readonly json?: boolean
	readonly quiet?: boolean
}

/** Adds the options of every command. */
export function addSharedOptions(command: Command): Command {
	return command
		.addOption(new Option('--device <name>', 'device that runs the graphs').choices(devices).default('cpu'))
		.addOption(
			new Option('--threads <count>', 'threads of the engine')
				.argParser(wholeNumber(1))
				.default(availableParallelism(), `all cores: ${availableParallelism()}`),
		)
		.addOption(new Option('--json', 'print one JSON document on stdout and everything else on stderr'))
		.addOption(new Option('--quiet', 'print no progress, only the result and errors'))
}

/** `--seed`, without a default if a preset or recipe sets it. */
export function seedOption(what: string, fallback?: number): Option {
	const option = new Option('--seed <number>', what).argParser(wholeNumber(0))
	return fallback === undefined ? option : option.default(fallback)
}

/** `--batch-size` for evaluations. */
export function batchSizeOption(): Option {
	return new Option('--batch-size <count>', 'images at once; affects speed only').argParser(wholeNumber(1)).default(50)
}

/** `--set`, or another option that collects settings. @param what Its help text. */
export function settingOption(what: string, name = '--set'): Option {
	return new Option(`${name} <key=value>`, what).argParser(collectSetting).default({}, 'none')
}

/** `--set` for the options of an attack. @param example Such as `steps=50`. */
export function attackSettingOption(example: string): Option {
	return settingOption(`any option of the attack, such as ${example}; a wrong name lists all; may be repeated`)
}

/** `--epsilon` in L-infinity, in pixel units. */
export function epsilonOption(what: string): Option {
	return new Option('--epsilon <size>', what).argParser((text) => {
		try {
			return threatModel('linf', parseEpsilon(text)).epsilon
		} catch (error) {
			throw new InvalidArgumentError((error as Error).message)
		}
	})
}

/** `--epsilon` for commands on a run. @param what What has that size. */
export function runEpsilonOption(what: string): Option {
	return epsilonOption(
		`L-infinity size of ${what}, such as 1/255 (default: the size in the run's preset, or of its inner attack)`,
	)
}

/** `--model` for commands on a run. */
export function runModelOption(): Option {
	return new Option('--model <folder-or-id>', 'new location of the checkpoint (default: recorded in the run)')
}

/** Parser for whole numbers. @param minimum The smallest allowed value. */
export function wholeNumber(minimum: number): (text: string) => number {
	return (text) => {
		const value = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN
		if (!Number.isSafeInteger(value) || value < minimum) {
			throw new InvalidArgumentError(`Expected a whole number of at least ${minimum}.`)
		}
		return value
	}
}

/** `--false-positive-rate`: the rate of flags on clean images. */
export function falsePositiveRateOption(): Option {
	return new Option('--false-positive-rate <share>', 'share of clean images that may be flagged as heavily corrected')
		.argParser((text) => {
			const value = text.trim() === '' ? Number.NaN : Number(text)
			if (!(value > 0 && value < 1)) throw new InvalidArgumentError('Expected a number between 0 and 1, such as 0.05.')
			return value
		})
		.default(0.05)
}

/** Parser for numbers of at least 0. */
export function nonNegative(text: string): number {
	const value = text.trim() === '' ? Number.NaN : Number(text)
	if (!Number.isFinite(value) || value < 0) throw new InvalidArgumentError('Expected a number of at least 0.')
	return value
}

/** An option that takes a share from 0 to 1. */
export function shareOption(flags: string, what: string, fallback: number): Option {
	return new Option(flags, what)
		.argParser((text) => {
			const value = nonNegative(text)
			if (value <= 1) return value
			throw new InvalidArgumentError('Expected a share from 0 to 1, such as 0.03.')
		})
		.default(fallback)
}

/** Parser for lists such as `cat,dog,tennis racket`. */
export function commaList(text: string): string[] {
	const items = text.split(',').map((item) => item.trim())
	if (items.some((item) => item === '')) throw new InvalidArgumentError('Expected names separated by commas.')
	return items
}

/**
 * Collects `key=value` settings into nested objects: `optimizer.learningRate=0.002` becomes `{ optimizer: { learningRate:
 * 0.002 } }`. Values that parse as JSON are JSON; all others are text.
 */
export function collectSetting(text: string, before: Record<string, unknown>): Record<string, unknown> {
	const at = text.indexOf('=')
	const path = text.slice(0, at).split('.')
	if (at < 1 || path.some((key) => key === '' || key === '__proto__')) {
		throw new InvalidArgumentError('Expected key=value, such as optimizer.learningRate=0.002.')
	}
	return withSetting(before, path, parseValue(text.slice(at + 1)))
}

function parseValue(text: string): unknown {
	try {
		return JSON.parse(text)
	} catch {
		return text
	}
}

function withSetting(
	target: Record<string, unknown>,
	[key, ...rest]: readonly string[],
	value: unknown,
): Record<string, unknown> {
	if (rest.length === 0) return { ...target, [key!]: value }
	const inner = target[key!]
	const record = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? inner : {}
	return { ...target, [key!]: withSetting(record as Record<string, unknown>, rest, value) }
}

/** The name of an ensemble, or a list of templates. */
export function templateList(text: string): string | string[] {
	return text.includes('{}') ? text.split('|').map((template) => template.trim()) : text
}
