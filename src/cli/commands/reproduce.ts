/** `naptune reproduce`: the paper's tables and figures, from data and a checkpoint to results. */

import { join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { type AttackCell, cellLabel, type TunedCell } from '../../experiments/cells.js'
import { experimentNames } from '../../experiments/definition.js'
import type { ExperimentResult } from '../../experiments/experiment-result.js'
import { prepareExperiments } from '../../experiments/prepare.js'
import type { MeasuredCell } from '../../experiments/attacked-cell.js'
import { runExperiments } from '../../experiments/run-experiments.js'
import type { CellsProgress } from '../../experiments/work-meter.js'
import { mergeSettings } from '../../methods/tuning/configuration.js'
import { pagePath, type WrittenReport, writeReport } from '../../report/html/write-report.js'
import { experimentTables } from '../../report/tables/experiment-tables.js'
import { tableText } from '../../report/tables/text.js'
import { FailedCheck, Interruption } from '../exit-codes.js'
import { duration, epsilonText, percent, percentInterval } from '../format.js'
import { dataRootOption, loadData, loadModel } from '../inputs.js'
import { type LoadingOptions, loaderThreadsOption } from '../loading.js'
import {
	addSharedOptions,
	batchSizeOption,
	collectSetting,
	commaList,
	epsilonOption,
	given,
	type SharedOptions,
	wholeNumber,
} from '../options.js'
import type { ProgressTask } from '../progress.js'
import { type Session, withSession } from '../session.js'

interface ReproduceOptions extends SharedOptions, Pick<LoadingOptions, 'loaderThreads'> {
	readonly quick?: boolean
	readonly model?: readonly string[]
	readonly data?: readonly string[]
	readonly dataRoot?: string
	readonly methods?: readonly string[]
	readonly conditions?: readonly string[]
	readonly seeds?: readonly number[]
	readonly limit?: number
	readonly epsilon?: number
	readonly surrogate: readonly string[]
	readonly substitute?: string
	readonly set: Readonly<Record<string, unknown>>
	readonly output?: string
	readonly batchSize: number
}

/** Adds the command. */
export function addReproduceCommand(program: Command): void {
	const ofExperiment = (what: string) => `${what} (default: the experiment's)`
	addSharedOptions(
		program
			.command('reproduce')
			.description(
				"Run the paper's tables and figures: tune every method on every data set, attack all of them, and write tables, figures and a report. A stopped or killed call goes on where it was; cells that experiments share are computed once.",
			)
			.argument('<experiments...>', `${experimentNames.join(', ')}, all, or .json files of your own`)
			.option('--quick', 'as a small experiment on the embedded model and data')
			.addOption(
				new Option('--model <folders-or-ids>', ofExperiment('CLIP checkpoints, separated by commas')).argParser(
					commaList,
				),
			)
			.addOption(
				new Option(
					'--data <names>',
					ofExperiment('data sets, separated by commas; those that are missing are left out'),
				).argParser(commaList),
			)
			.addOption(dataRootOption())
			.addOption(loaderThreadsOption())
			.addOption(new Option('--methods <names>', ofExperiment('methods, separated by commas')).argParser(commaList))
			.addOption(
				new Option(
					'--conditions <names>',
					ofExperiment('rows, such as clean,pgd, or epsilon-curve for its points, separated by commas'),
				).argParser(commaList),
			)
			.addOption(
				new Option('--seeds <numbers>', ofExperiment('seeds of sample and tuning, separated by commas')).argParser(
					(text) => commaList(text).map(wholeNumber(0)),
				),
			)
			.addOption(
				new Option(
					'--limit <count>',
					ofExperiment('test images per cell at most, balanced over the classes'),
				).argParser(wholeNumber(1)),
			)
			.addOption(
				epsilonOption(
					ofExperiment('L-infinity size of attacks that have none of their own, and of inner attacks, such as 1/255'),
				),
			)
			.addOption(
				new Option('--surrogate <file>', "classifier (.onnx) of CWA's attacker; may be repeated")
					.argParser((file: string, before: readonly string[]) => [...before, resolve(file)])
					.default([], 'trained on the training images'),
			)
			.option('--substitute <file>', "substitute (.onnx) of AGS's attacker (default: trained on the training images)")
			.addOption(
				new Option('--set <key=value>', 'any tuning setting for all methods, such as epochs=5; may be repeated')
					.argParser(collectSetting)
					.default({}, 'none'),
			)
			.option(
				'--output <folder>',
				'folder of all experiments (default: runs/reproduce, with --quick runs/reproduce-quick)',
			)
			.addOption(batchSizeOption()),
	)
		.addHelpText(
			'after',
			`
Examples:
  $ naptune reproduce table1 --quick
  $ naptune reproduce all --quick
  $ naptune reproduce table1 --data-root data --data caltech101,dtd --methods vanilla,nap
  $ naptune reproduce fig6-shots --data-root data --model openai/clip-vit-base-patch32 --limit 500`,
		)
		.action((experiments: string[], options: ReproduceOptions) =>
			withSession(options, (session) => runReproduce(experiments, options, session)),
		)
}

async function runReproduce(names: readonly string[], options: ReproduceOptions, session: Session): Promise<void> {
	const { progress, signal } = session
	const started = performance.now()
	const { quick = false, epsilon, limit, methods, conditions, surrogate, substitute } = options
	const output = resolve(options.output ?? join('runs', quick ? 'reproduce-quick' : 'reproduce'))
	const overrides = mergeSettings([epsilon === undefined ? {} : { attack: { epsilon } }, options.set])
	const surrogateFiles = given({
		classifiers: surrogate.length > 0 ? surrogate : undefined,
		substitute: substitute === undefined ? undefined : resolve(substitute),
	})
	const experiments = await prepareExperiments({
		experiments: names.flatMap((name) => (name === 'all' ? experimentNames : [name])),
		quick,
		changes: given({
			models: options.model,
			datasets: options.data,
			seeds: options.seeds,
			epsilon: epsilon === undefined ? undefined : epsilonText(epsilon),
			overrides: Object.keys(overrides).length > 0 ? overrides : undefined,
			surrogateFiles: Object.keys(surrogateFiles).length > 0 ? surrogateFiles : undefined,
		}),
		...given({ methods, conditions, limit }),
		loadModel,
		loadData: (name, seed) => loadData(session, name, seed, options.dataRoot),
	})
	for (const { plan, missing } of experiments) {
		const { definition, datasets, models } = plan
		const list = (items: readonly { readonly name: string }[]) => items.map(({ name }) => name).join(', ')
		progress.line(
			`${definition.name}: ${Object.keys(definition.methods).join(', ')} on ${list(datasets)} with ${list(models)}; ${definition.conditions.map(({ name }) => name).join(', ')}`,
		)
		for (const { dataset, reason } of missing) progress.line(`note: left out ${dataset}: ${reason}`)
	}
	const engine = await session.engine()
	const follow = followCells(session)
	const reproduced = await runExperiments({
		engine,
		experiments,
		output,
		batchSize: options.batchSize,
		signal,
		onFolder: session.writesTo,
		...follow.callbacks,
	}).finally(follow.end)
	if (!reproduced) {
		throw new Interruption('Stopped. What was done is saved; the same command goes on from there.')
	}
	const told = []
	for (const { result, folder } of reproduced) {
		const source = { kind: 'experiment', folder, root: output, result } as const
		for (const part of ['figures', 'tables']) session.writesTo(join(folder, part))
		told.push({ result, report: await writeReport(source, await pagePath(source)) })
	}
	tellResults(told, (performance.now() - started) / 1000, session)
}

/** One view of all cells: a bar over all of them, and a line for each that is done. */
function followCells({ progress }: Session) {
	const task = progress.start('all cells', 1, 'forward passes')
	let looking: { readonly what: string; readonly task: ProgressTask } | undefined
	return {
		callbacks: {
			onProgress({ done, total, part, parts, what }: CellsProgress) {
				task.update(Math.floor(done), `${part}/${parts} ${what}`, Math.max(1, Math.ceil(total ?? 1)))
			},
			onMeasured(cell: TunedCell, { condition }: AttackCell, { record }: MeasuredCell) {
				const { robust, images } = record
				progress.line(
					`${cellLabel(cell)}, ${condition}: ${percent(robust.accuracy).trim()} ${percentInterval(robust.interval)} of ${images}`,
				)
			},
			onLook(what: string, share: number) {
				if (looking?.what !== what) looking = { what, task: progress.start(what, 100, '%') }
				looking.task.update(Math.floor(100 * share))
			},
			onProblem(what: string, message: string) {
				progress.line(`problem: ${what}: ${message}`)
			},
		},
		end() {
			task.end()
			looking?.task.end()
		},
	}
}

function tellResults(
	told: readonly { readonly result: ExperimentResult; readonly report: WrittenReport }[],
	seconds: number,
	session: Session,
): void {
	session.result(
		{
			experiments: told.map(({ result, report }) => ({
				name: result.name,
				cells: result.cells.length,
				problems: result.problems,
				missing: result.missing,
				...report,
			})),
			seconds,
		},
		[
			...told.flatMap(({ result, report }) => [
				...experimentTables(result)
					.slice(0, 1)
					.flatMap((table) => [tableText(table, process.stdout.columns ?? 120), '']),
				...report.verdict,
				`The report is ${report.page}`,
				'',
			]),
			`${duration(seconds)} in this call.`,
		].join('\n'),
	)
	const problems = told.flatMap(({ result }) => result.problems)
	if (problems.length > 0) {
		throw new FailedCheck(`${problems.length} of what was asked for could not be measured; the reports say why.`)
	}
}
