/** Reads lines of a shell and parses the commands of naptune in them as the program does, without running any. */

import type { Command } from 'commander'
import { parse } from 'shell-quote'
import { createProgram } from '../cli/run.js'
import { isGroup } from './command-page.js'

/** The words of every command of a block of shell; comments, redirections and assignments before a command are left out. */
export function shellCommands(block: string): string[][] {
	return block
		.replaceAll(/\\\n/g, ' ')
		.split('\n')
		.flatMap((line) => {
			const commands: string[][] = [[]]
			let skip = false
			for (const word of parse(line, (name) => `$${name}`)) {
				if (typeof word === 'string') {
					if (!skip) commands.at(-1)?.push(word)
					skip = false
				} else if ('pattern' in word) commands.at(-1)?.push(word.pattern)
				else if ('op' in word) {
					skip = ['>', '>>', '<'].includes(word.op)
					if (!skip) commands.push([])
				}
			}
			return commands
		})
		.map((words) => words.slice(words.findIndex((word) => !/^[A-Z_]+=/.test(word))))
		.filter((words) => words.length > 0)
}

/** What follows the name of the program, where a command runs naptune. */
export function naptuneArguments(words: readonly string[]): readonly string[] | undefined {
	const starts = [['naptune'], ['npx', 'naptune'], ['npm', 'run', 'naptune', '--'], ['node', 'dist/cli/main.js']]
	const start = starts.find((names) => names.every((name, position) => words[position] === name))
	return start && words.slice(start.length)
}

/** Parses a command line. @returns What the program would say is wrong with it. */
export async function dryParse(args: readonly string[]): Promise<string | undefined> {
	const program = await createProgram(args)
	const visit = (command: Command) => {
		command.configureOutput({ writeOut: () => {}, writeErr: () => {} })
		if (!isGroup(command)) command.action(() => {})
		command.commands.forEach(visit)
	}
	visit(program)
	try {
		await program.parseAsync(args, { from: 'user' })
		return undefined
	} catch (error) {
		const { code, message } = error as { readonly code?: string; readonly message: string }
		return code === 'commander.helpDisplayed' || code === 'commander.version' ? undefined : message
	}
}
