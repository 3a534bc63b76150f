/** Options of an attack on one photo, which shares its command with attacks on ONNX models. */

import type { Command } from 'commander'
import type { attackPhoto } from '../../jobs/attack-photo.js'
import type { JobInput } from '../../jobs/job.js'
import { exitCodes } from '../exit-codes.js'
import { Option } from './option.js'
import { wholeNumber } from './shared-options.js'

type PhotoInput = JobInput<typeof attackPhoto>

/** Options that only a photo has. */
const own = ['run', 'label', 'top'] as const
/** Options that a photo takes of those that it shares with models. */
const shared = ['model', 'classes', 'data', 'dataRoot', 'attack', 'set', 'norm', 'epsilon', 'seed', 'output'] as const
/** Options of running, which are no part of the input. */
const running = ['device', 'threads', 'json', 'quiet']

/** Adds them. */
export function photoOptions(command: Command): Command {
	return command
		.option('--run <folder>', 'of a photo: run directory of naptune tune, attacked beside vanilla CLIP')
		.option('--label <class>', 'of a photo: its true class (default: what each model sees in it)')
		.addOption(
			new Option('--top <count>', 'of a photo: classes to name per picture (default: 3)').argParser(wholeNumber(1)),
		)
}

/** Ends the command with a usage error where its options are not of one kind of attack, or one is missing. */
export function checkPhotoOptions(command: Command, photo: string | undefined): void {
	const fail = (message: string) => command.error(`error: ${message}`, { exitCode: exitCodes.usage })
	const given = Object.keys(command.opts()).filter((name) => command.getOptionValueSource(name) === 'cli')
	const flag = (name: string) => command.options.find((option) => option.attributeName() === name)?.flags ?? name
	if (photo === undefined) {
		const needed = [...(given.includes('model') ? [] : ['onnx']), 'data', 'epsilon']
		const missing = needed.find((name) => command.getOptionValue(name) === undefined)
		if (missing !== undefined) {
			fail(
				`required option '${flag(missing)}' not specified${given.includes('run') ? '; a photo is attacked by naptune attack PHOTO --run RUN' : ''}`,
			)
		}
		const foreign = own.find((name) => given.includes(name))
		if (foreign !== undefined) fail(`option '${flag(foreign)}' is of a photo, and none was given`)
		return
	}
	const taken: readonly string[] = [...own, ...shared, ...running]
	const foreign = given.find((name) => !taken.includes(name))
	if (foreign !== undefined) fail(`option '${flag(foreign)}' is of attacks on ONNX models, and a photo was given`)
	const decided = ['classes', 'data'].find((name) => given.includes(name))
	if (given.includes('run') && decided !== undefined) {
		fail(`option '${flag(decided)}' cannot be used with option '--run <folder>', which has its own classes`)
	}
}

/** The job's input; the folder for pictures is named after the photo, unless it was given. */
export function photoInput(command: Command, photo: string): PhotoInput {
	const values = command.opts<Record<string, unknown>>()
	const names = [...own, ...shared].filter(
		(name) => values[name] !== undefined && (name !== 'output' || command.getOptionValueSource(name) === 'cli'),
	)
	return { photo, ...Object.fromEntries(names.map((name) => [name, values[name]])) }
}
