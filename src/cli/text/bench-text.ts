/** Measurements of speed for people. */

import type { benchGradient } from '../../jobs/bench-gradient.js'
import type { benchLoading } from '../../jobs/bench-loading.js'
import type { JobResult } from '../../jobs/job.js'
import { grouped, percent } from './format.js'
import { textTable } from './table.js'

/** Speed of gradients compared with the matrix product. */
export function gradientBenchText(result: JobResult<typeof benchGradient>): string {
	const { matmul, cases, engine, threads, rounds, prepack } = result
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

/** Speed of loading compared with the step that it feeds. */
export function loadingBenchText(result: JobResult<typeof benchLoading>): string {
	const { images, imageSize, stepImages, defense, attackSteps, augmentation, engine, threads, loaderThreads } = result
	const columns = [
		{ heading: `${grouped(images)} images at ${imageSize} pixels` },
		{ heading: 'seconds', align: 'right' },
		{ heading: 'of the step', align: 'right' },
		{ heading: 'processor s', align: 'right' },
		{ heading: 'of the step', align: 'right' },
		{ heading: 'ms/image', align: 'right' },
		{ heading: 'peak MB', align: 'right' },
	] as const
	const row = (name: string, { seconds, processorSeconds, msPerImage, peakMemoryMB }: typeof result.step) => [
		name,
		seconds.toFixed(1),
		percent(seconds / result.step.seconds).trim(),
		processorSeconds.toFixed(1),
		percent(processorSeconds / result.step.processorSeconds).trim(),
		msPerImage.toFixed(1),
		peakMemoryMB.toFixed(0),
	]
	return [
		textTable(columns, [
			row('loading and augmenting on the main thread', result.mainThread),
			row(`loading and augmenting, loader threads: ${loaderThreads}`, result.loader),
			row(`tuning step of ${defense}, PGD-${attackSteps}`, result.step),
		]),
		'',
		`Augmentation ${augmentation}. The step was measured on ${stepImages} images, ${engine}, ${threads} threads, without its text features. A run loads the next images while the engine works; processor seconds count all threads.`,
	].join('\n')
}
