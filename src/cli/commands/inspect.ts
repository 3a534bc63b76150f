/** `naptune inspect`: what a tuning run is, where it stands and how it learned. */

import { dirname, resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { inspectRun } from '../../evaluation/deployed/inspect-run.js'
import { makeFolder } from '../../files/make-folder.js'
import { isFigureFile, writeFigure } from '../../report/figure.js'
import { learningCurvesFigure } from '../../report/learning-curves-figure.js'
import { inspectionText, runProtocol } from '../inspection-text.js'
import { addSharedOptions, runModelOption, type SharedOptions } from '../options.js'
import { type Session, withSession } from '../session.js'

interface InspectOptions extends SharedOptions {
	readonly plot?: string
	readonly model?: string
}

/** Adds the command. */
export function addInspectCommand(program: Command): void {
	addSharedOptions(
		program
			.command('inspect')
			.description(
				'Show what a tuning run is: method, model, data, settings, shapes through both towers, parameters, and its learning curves so far. Also works while it runs.',
			)
			.argument('<run>', 'run directory of naptune tune')
			.addOption(
				new Option('--plot <file>', 'write the learning curves as .svg or .png (default: none)').argParser(figureFile),
			)
			.addOption(runModelOption()),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune inspect runs/photos --plot curves.svg`,
		)
		.action((run: string, options: InspectOptions) =>
			withSession(options, (session) => runInspect(run, options, session)),
		)
}

async function runInspect(directory: string, options: InspectOptions, session: Session): Promise<void> {
	const inspection = await inspectRun(resolve(directory), options.model)
	const text = [inspectionText(inspection)]
	if (options.plot !== undefined) {
		const path = resolve(options.plot)
		const figure = learningCurvesFigure(inspection, runProtocol(inspection))
		await makeFolder(dirname(path))
		session.writesTo(dirname(path))
		await writeFigure(figure, path)
		text.push('', `The learning curves are in ${path}`)
	}
	session.result(inspection, text.join('\n'))
}

function figureFile(text: string): string {
	if (isFigureFile(text)) return text
	throw new InvalidArgumentError('Expected a file name that ends in .svg or .png.')
}
