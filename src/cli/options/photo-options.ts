/** Options for attacking one photo, a form of the command that attacks ONNX models. */

import type { Command } from 'commander'
import type { attackPhoto } from '../../jobs/attack-photo.js'
import type { JobInput } from '../../jobs/job.js'
import { exitCodes } from '../exit-codes.js'
import { Option } from './option.js'
import { wholeNumber } from './shared-options.js'

type PhotoInput = JobInput<typeof attackPhoto>

/** Options for photos only. */
const own = ['run', 'label', 'top'] as const
/** Options for both photos and models that a photo accepts. */
const shared = ['model', 'classes', 'data', 'dataRoot', 'attack', 'set', 'norm', 'epsilon', 'seed', 'output'] as const
/** Options for how the command runs, which are not part of the input. */
const running = ['device', 'threads', 'json', 'quiet']

/** Adds the options. */
export function photoOptions(command: Command): Command {
	return command
		.option('--run <folder>', 'for a photo: run directory of naptune tune, attacked beside vanilla CLIP')
		.option('--label <class>', "for a photo: its true class (default: each model's own answer)")
		.addOption(
			new Option('--top <count>', 'for a photo: classes to show per picture (default: 3)').argParser(wholeNumber(1)),
		)
}

/** Ends the command with a usage error if its options mix both forms, or one is missing. */
export function checkPhotoOptions(command: Command, photo: string | undefined): void {
	const fail = (message: string) => command.error(`error: ${message}`, { exitCode: exitCodes.usage })
	const given = Object.keys(command.opts()).filter((name) => command.getOptionValueSource(name) === 'cli')
	const flag = (name: string) => command.options.find((option) => option.attributeName() === name)?.flags ?? name
	if (photo === undefined) {
		const needed = [...(given.includes('model') ? [] : ['onnx']), 'data', 'epsilon']
		const missing = needed.find((name) => command.getOptionValue(name) === undefined)
		if (missing !== undefined) {
			fail(
				`required option '${flag(missing)}' not specified${given.includes('run') ? '; to attack a photo, use naptune attack PHOTO --run RUN' : ''}`,
			)
		}
		const foreign = own.find((name) => given.includes(name))
		if (foreign !== undefined) fail(`option '${flag(foreign)}' needs a photo, and none was given`)
		return
	}
	const taken: readonly string[] = [...own, ...shared, ...running]
	const foreign = given.find((name) => !taken.includes(name))
	if (foreign !== undefined) fail(`option '${flag(foreign)}' applies to ONNX models, not to a photo`)
	const decided = ['classes', 'data'].find((name) => given.includes(name))
	if (given.includes('run') && decided !== undefined) {
		fail(`option '${flag(decided)}' cannot be used with option '--run <folder>', because the run has its own classes`)
	}
}

/** The job's input. The folder for pictures takes the photo's name unless one was given. */
export function photoInput(command: Command, photo: string): PhotoInput {
	const values = command.opts<Record<string, unknown>>()
	const names = [...own, ...shared].filter(
		(name) => values[name] !== undefined && (name !== 'output' || command.getOptionValueSource(name) === 'cli'),
	)
	return { photo, ...Object.fromEntries(names.map((name) => [name, values[name]])) }
}
