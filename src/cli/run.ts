/** From arguments to an exit code. */

import { Command } from 'commander'
import { addAttackCommand } from './commands/attack.js'
import { addAuditCommand } from './commands/audit.js'
import { addBenchCommand } from './commands/bench.js'
import { addCalibrateCommand } from './commands/calibrate.js'
import { addClassifyCommand } from './commands/classify.js'
import { addCompareCommand } from './commands/compare.js'
import { addDataCommand } from './commands/data.js'
import { addDefensesCommand } from './commands/defenses.js'
import { addDemoCommand } from './commands/demo.js'
import { addDistortionCommand } from './commands/distortion.js'
import { addEvaluateCommand } from './commands/evaluate.js'
import { addGenerateCommand } from './commands/generate.js'
import { addInspectCommand } from './commands/inspect.js'
import { addPretrainCommand } from './commands/pretrain.js'
import { addReportCommand } from './commands/report.js'
import { addReproduceCommand } from './commands/reproduce.js'
import { addRetrieveCommand } from './commands/retrieve.js'
import { addSurrogateCommand } from './commands/surrogate.js'
import { addTuneCommand } from './commands/tune.js'
import { exitCodes } from './exit-codes.js'
import { survivePipes } from './output.js'
import { packageVersion } from './package-files.js'
import { reportError } from './report-error.js'

const exitCodeHelp = `
Exit codes:
  0    done
  1    what was asked for cannot be done; the message says why (NAPTUNE_DEBUG=1 adds the stack)
  2    the command line is wrong
  3    it was done, and a check failed (audit, data doctor)
  130  stopped by Ctrl-C; what was done is saved (143: stopped by SIGTERM)

With --json, stdout holds exactly one JSON document: the result, or { "error": { "code", "message", "exitCode" } }.`

/** The whole program. */
export function createProgram(): Command {
	const program = new Command('naptune')
		.description('Harden CLIP models against adversarial images, and measure what the hardening is worth.')
		.version(packageVersion())
		.configureHelp({ helpWidth: Math.min(process.stdout.columns ?? 100, 100) })
		.showHelpAfterError('(add --help for the options and an example)')
		.addHelpText('after', exitCodeHelp)
		.exitOverride()
	addDemoCommand(program)
	addTuneCommand(program)
	addEvaluateCommand(program)
	addAuditCommand(program)
	addAttackCommand(program)
	addCompareCommand(program)
	addReproduceCommand(program)
	addDataCommand(program)
	addDefensesCommand(program)
	addDistortionCommand(program)
	addGenerateCommand(program)
	addInspectCommand(program)
	addReportCommand(program)
	addClassifyCommand(program)
	addCalibrateCommand(program)
	addRetrieveCommand(program)
	addPretrainCommand(program)
	addSurrogateCommand(program)
	addBenchCommand(program)
	return program
}

/** Runs the command line. @param args What follows the program's name. @returns The exit code. */
export async function run(args: readonly string[]): Promise<number> {
	survivePipes()
	try {
		await createProgram().parseAsync(args, { from: 'user' })
		return exitCodes.success
	} catch (error) {
		return reportError(error, args.includes('--json'))
	}
}
