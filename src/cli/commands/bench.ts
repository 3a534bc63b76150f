/** `naptune bench gradient`: how close gradients of a CLIP come to the machine's matrix product. */

import { type Command, InvalidArgumentError, Option } from 'commander'
import { benchGradient, type GradientBenchResult } from '../../bench/bench-gradient.js'
import { addSharedOptions, commaList, type SharedOptions, wholeNumber } from '../options.js'
import { type Session, withSession } from '../session.js'
import { textTable } from '../table.js'
import { addBenchLoadingCommand } from './bench-loading.js'

interface BenchOptions extends SharedOptions {
	readonly batch: readonly number[]
	readonly rounds: number
	readonly prepack: boolean
}

/** Adds the command. */
export function addBenchCommand(program: Command): void {
	const bench = program.command('bench').description('Measure the speed of this machine.')
	addBenchLoadingCommand(bench)
	addSharedOptions(
		bench
			.command('gradient')
			.description(
				'Measure logits and pixel gradient of a ViT-B/32 and a ViT-B/16 (random weights) against one large matrix product on the same threads.',
			)
			.addOption(
				new Option('--batch <sizes>', 'images per run, separated by commas').argParser(batchSizes).default([16], '16'),
			)
			.addOption(
				new Option('--rounds <count>', 'measurements, of which the best counts').argParser(wholeNumber(1)).default(4),
			)
			.option('--no-prepack', 'without pre-packed copies of the weights: less memory'),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune bench gradient --batch 1,16 --json`,
		)
		.action((options: BenchOptions) => withSession(options, (session) => runBench(options, session)))
}

async function runBench(options: BenchOptions, session: Session): Promise<void> {
	let task: ReturnType<typeof session.progress.start> | undefined
	try {
		const result = await benchGradient(await session.engine(), {
			batches: options.batch,
			rounds: options.rounds,
			prepack: options.prepack,
			onProgress(done, total, next) {
				session.stopIfAsked()
				task ??= session.progress.start('measuring', total, 'parts')
				task.update(done, next)
			},
		})
		task?.end()
		session.result(result, text(result))
	} finally {
		task?.end()
	}
}

function text({ matmul, cases, engine, threads, rounds, prepack }: GradientBenchResult): string {
	const columns = [
		{ heading: 'logits + pixel gradient' },
		{ heading: 'batch', align: 'right' },
		{ heading: 'GFLOP/s', align: 'right' },
		{ heading: 'of MatMul', align: 'right' },
		{ heading: 'ms/image', align: 'right' },
		{ heading: 'peak MB', align: 'right' },
	] as const
	const rows = cases.map(({ model, batch, gflops, ratio, msPerImage, peakMemoryMB }) => [
		model,
		String(batch),
		gflops.toFixed(1),
		ratio.toFixed(2),
		msPerImage.toFixed(1),
		peakMemoryMB.toFixed(0),
	])
	return [
		textTable(columns, rows),
		'',
		`MatMul of ${matmul.size} x ${matmul.size}: ${matmul.gflops.toFixed(1)} GFLOP/s. ${engine}, ${threads} threads, best of ${rounds} rounds, weights ${prepack ? '' : 'not '}pre-packed.`,
	].join('\n')
}

function batchSizes(list: string): number[] {
	const sizes = commaList(list).map(Number)
	if (!sizes.every((size) => Number.isInteger(size) && size >= 1)) {
		throw new InvalidArgumentError('Expected whole numbers of at least 1, separated by commas.')
	}
	return sizes
}
