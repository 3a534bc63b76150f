/** Options of commands that attack: the attack, its norm and size, and the images. */

import { type Command, InvalidArgumentError } from 'commander'
import { attackNames, prepareAttack } from '../../attacks/registry.js'
import { type Norm, parseEpsilon, threatModel } from '../../attacks/sets/threat-model.js'
import { didYouMean } from '../../core/nearest.js'
import { testTimeDefenses } from '../../defenses/test-time/registry.js'
import { type Knowledge, knowledgeLevels, knowledgeNames } from '../../records/parts/attack.js'
import { exitCodes } from '../exit-codes.js'
import { Option } from './option.js'
import { commaList, wholeNumber } from './shared-options.js'

/** What a command offers an attack. */
export interface AttackMeans {
	/** Surrogates to make images on. */
	readonly surrogates?: boolean
	/** A target class. */
	readonly targets?: boolean
	/** Whether the help contains {@link attackListHelp}, so that the option need not repeat the names. */
	readonly listed?: boolean
}

/**
 * `--attack`, limited to attacks that the command can run. @param what Its help text, which ends with the default if that is
 * not fixed.
 */
export function attackOption(what: string, means: AttackMeans = {}): Option {
	const offered = attackNames()
		.filter(({ name }) => whyNot(name, means) === undefined)
		.map(({ name }) => name)
	const option = new Option('--attack <name>', what)
	if (!means.listed) option.choices(offered)
	return option.argParser((name: string) => {
		if (offered.includes(name)) return name
		const known = attackNames().some((attack) => attack.name === name)
		throw new InvalidArgumentError(
			(known ? whyNot(name, means) : undefined) ??
				`Allowed choices are ${offered.join(', ')}.${didYouMean(name, offered)}`,
		)
	})
}

/** Help text that describes every attack. */
export function attackListHelp(means: AttackMeans = {}): string {
	const offered = attackNames().filter(({ name }) => whyNot(name, means) === undefined)
	const width = Math.max(...offered.map(({ name }) => name.length))
	return ['Attacks:', ...offered.map(({ name, doc }) => `  ${name.padEnd(width)}  ${doc}`)].join('\n')
}

function whyNot(name: string, { surrogates, targets }: AttackMeans): string | undefined {
	const { reads, targeted } = prepareAttack(name)
	if (reads.model === 'nothing' && !surrogates) {
		return `${name} makes images on other models. Run naptune generate STORE --attack ${name} --surrogate model.onnx, then naptune evaluate RUN --images STORE.`
	}
	if (targeted && !targets) return `${name} needs a target class, which only naptune evaluate accepts (--target).`
	return undefined
}

/** `--norm`. */
export function normOption(): Option {
	return new Option('--norm <name>', 'norm of the perturbation').choices(['linf', 'l2']).default('linf')
}

/** `--epsilon` in the norm of {@link normOption}; see {@link checkEpsilon}. */
export function epsilonInNormOption(what: string): Option {
	return new Option('--epsilon <size>', what).argParser((text) => {
		try {
			return parseEpsilon(text)
		} catch (error) {
			throw new InvalidArgumentError((error as Error).message)
		}
	})
}

/** Ends a command with a usage error if norm and epsilon do not fit; a `preAction` hook. */
export function checkEpsilon(command: Command): void {
	const { norm, epsilon } = command.opts<{ readonly norm: Norm; readonly epsilon?: number }>()
	try {
		if (epsilon !== undefined) threatModel(norm, epsilon)
	} catch (error) {
		command.error(`error: option '--epsilon <size>' is invalid. ${(error as Error).message}`, {
			exitCode: exitCodes.usage,
		})
	}
}

/** `--split`. @param what What the command does with its images. */
export function splitOption(what = 'images to attack'): Option {
	return new Option('--split <name>', what).choices(['train', 'validation', 'test']).default('test')
}

/** `--limit`. @param usual The default, in words. */
export function limitOption(usual = 'all', images = 'images'): Option {
	return new Option('--limit <count>', `number of ${images}, balanced over the classes (default: ${usual})`).argParser(
		wholeNumber(1),
	)
}

/** `--test-time`. @param what Its help text. */
export function testTimeOption(what: string): Option {
	return new Option('--test-time <name>', what).choices([...testTimeDefenses.keys()])
}

/** `--knowledge`. */
export function knowledgeOption(): Option {
	return new Option(
		'--knowledge <levels>',
		`what the attacker knows: one or more of ${knowledgeNames.join(',')}; encoder-only and query use feature-pgd and square if the chosen attack does not fit (default: all that the attack can use)`,
	).argParser(knowledgeList)
}

/** Help text that describes every level of knowledge. */
export function knowledgeListHelp(): string {
	const levels = Object.entries(knowledgeLevels).map(([level, what]) => `  ${level.padEnd(12)}  ${what}`)
	return ['What the attacker may know:', ...levels].join('\n')
}

function knowledgeList(text: string): Knowledge[] {
	const names = commaList(text)
	const unknown = names.filter((name) => !(knowledgeNames as readonly string[]).includes(name))
	if (unknown.length === 0) return [...new Set(names as Knowledge[])]
	throw new InvalidArgumentError(
		`Unknown: ${unknown.join(', ')}; choose among ${knowledgeNames.join(', ')}.${didYouMean(unknown[0] ?? '', knowledgeNames)}`,
	)
}
