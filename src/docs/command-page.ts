/** The command-line reference: the help of every command, as the program prints it. */

import type { Command } from 'commander'
import { commandList, nameOf } from '../cli/command-list.js'
import { createProgram } from '../cli/run.js'
import { codeBlock } from './markdown.js'

const intro = [
	'Every command prints this text with `--help`. In a clone, `npm run naptune -- COMMAND` builds the program and runs a command;',
	'with the package installed, use `npx naptune COMMAND`.',
]

/** Columns of the help. */
const width = 96

/** The page. */
export async function commandPage(title: string, note: string): Promise<string> {
	const program = await createProgram(commandList.map(nameOf))
	program.configureHelp({ ...program.configureHelp(), helpWidth: width })
	const sections = leaves(program).map((command) => `## ${pathOf(command)}\n\n${codeBlock('text', helpOf(command))}\n`)
	return [`# ${title}`, '', note, '', ...intro, '', codeBlock('text', helpOf(program)), '', ...sections].join('\n')
}

/** Commands that do something, including nested ones, without groups that only hold other commands. */
function leaves(command: Command): Command[] {
	const inner = command.commands.filter((one) => one.name() !== 'help').flatMap(leaves)
	return isGroup(command) ? inner : [command, ...inner]
}

/** Whether a command only holds other commands. */
export function isGroup({ commands, registeredArguments }: Command): boolean {
	return commands.length > 0 && registeredArguments.length === 0
}

function pathOf(command: Command): string {
	return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

/** Help with the text added after it, and without details of the machine that writes it. */
function helpOf(command: Command): string {
	let text = ''
	const inherited = command.configureHelp()
	command.configureHelp({ ...inherited, helpWidth: width }).configureOutput({
		writeOut: (part) => {
			text += part
		},
		getOutHelpWidth: () => width,
	})
	command.outputHelp()
	return text.replaceAll(/(all|half of the) (cores): \d+/g, '$1 $2')
}
