/** From arguments to an exit code. */

import { Command, Help } from 'commander'
import { commandList, nameOf } from './command-list.js'
import { exitCodes } from './exit-codes.js'
import { survivePipes } from './output.js'
import { packageVersion } from './package-files.js'
import { reportError } from './report-error.js'

const exitCodeHelp = `
Exit codes:
  0    done
  1    what was asked for cannot be done; the message says why (NAPTUNE_DEBUG=1 adds the stack)
  2    the command line is wrong
  3    it was done, and a check failed (audit, doctor, data doctor, gate)
  130  stopped by Ctrl-C; what was done is saved (143: stopped by SIGTERM)

With --json, stdout holds exactly one JSON document: the result, or { "error": { "code", "message", "exitCode" } }.`

/**
 * Creates the program. Commands that are not needed are only listed, not loaded.
 * @param args The arguments after the program's name; a command that they do not mention cannot run.
 */
export async function createProgram(args: readonly string[]): Promise<Command> {
	const terms = new Map<Command, string>()
	const program = new Command('naptune')
		.description('Harden CLIP models against adversarial images, and measure what the hardening is worth.')
		.version(packageVersion())
		.configureHelp({
			helpWidth: Math.min(process.stdout.columns ?? 100, 100),
			subcommandTerm(command) {
				return terms.get(command) ?? Help.prototype.subcommandTerm.call(this, command)
			},
		})
		.showHelpAfterError('(add --help for the options and an example)')
		.addHelpText('after', exitCodeHelp)
		.exitOverride()
	for (const listed of commandList) {
		const { term, description, load } = listed
		if (args.includes(nameOf(listed))) {
			;(await load())(program)
			// Loaded with the commands, because it needs to know models; the overall help does not.
			const { addSourceOptions } = await import('./options/source-options.js')
			for (const command of program.commands.slice(-1)) addSourceOptions(command)
		} else terms.set(program.command(nameOf(listed)).description(description), term)
	}
	return program
}

/** Runs the command line. @param args The arguments after the program's name. @returns The exit code. */
export async function run(args: readonly string[]): Promise<number> {
	survivePipes()
	try {
		const program = await createProgram(args)
		await program.parseAsync(args, { from: 'user' })
		return exitCodes.success
	} catch (error) {
		return reportError(error, args.includes('--json'))
	}
}
