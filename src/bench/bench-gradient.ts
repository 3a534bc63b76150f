/** Measures how close logits and pixel gradients come to the speed of a plain matrix product on this machine. */

import { tmpdir } from 'node:os'
import { z } from 'zod'
import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import type { Immutable } from '../core/immutable.js'
import type { Tensor } from '../core/tensor.js'
import { gradientMultiplyAdds } from '../evaluation/robustness/gradient-cost.js'
import { positive } from '../records/parts/fields.js'
import { devices, type Engine, type Program } from '../runtime/engine.js'
import { parseClipConfig } from '../vlm/config.js'
import { frozenWeights } from '../vlm/weights.js'
import { benchClasses, benchSeed, gradientFeeds, gradientOutputs, matrixProduct } from './bench-programs.js'
import { writeBenchWeights } from './bench-weights.js'
import { peakResidentBytes } from './peak-memory.js'

/** A geometry to measure: the content of a `config.json`, of which the benchmark builds only the image side. */
export interface BenchModel {
	readonly name: string
	readonly config: object
}

/** The geometries of the two smallest CLIPs of OpenAI. */
export const benchModels: readonly BenchModel[] = [
	{ name: 'ViT-B/32', config: { model_type: 'clip', vision_config: { patch_size: 32 } } },
	{ name: 'ViT-B/16', config: { model_type: 'clip', vision_config: { patch_size: 16 } } },
]

/** Options of {@link benchGradient}. */
export interface GradientBenchOptions {
	/** Default {@link benchModels}. */
	readonly models?: readonly BenchModel[]
	/** Images per run, each at least 1; every model is measured with every batch. Default 16. */
	readonly batches?: readonly number[]
	/** Number of rounds over all measurements; the best counts. Default 4. */
	readonly rounds?: number
	/** Whether the engine keeps pre-packed copies of the weights. Default true. */
	readonly prepack?: boolean
	/** Side lengths of the square matrices to multiply; the fastest counts. Default 1024 and 2048. */
	readonly matmulSizes?: readonly number[]
	/** Existing folder for the random weights, which are deleted at the end. Default: the system's temporary folder. */
	readonly directory?: string
	/** Called with the next activity and the progress so far. */
	readonly onProgress?: (done: number, total: number, next: string) => void
}

const benchCaseSchema = z.object({
	model: z.string(),
	batch: positive,
	gflops: z.number().describe('Billions of floating-point operations per second, two per multiply-add.'),
	ratio: z.number().describe('`gflops` divided by those of the matrix product.'),
	msPerImage: z.number(),
	peakMemoryMB: z
		.number()
		.describe('Peak resident memory of the process while it loaded only this program and ran it twice, in 10^6 bytes.'),
})

/** The measurement and its conditions. */
export const gradientBenchSchema = z.object({
	engine: z.string().describe('Name and version.'),
	device: z.enum(devices),
	threads: positive,
	prepack: z.boolean(),
	rounds: positive,
	matmul: z
		.object({ size: positive, gflops: z.number() })
		.describe(
			'The fastest product of two float32 matrices of side length `size`; matrices and result stay in the engine.',
		),
	cases: z.array(benchCaseSchema),
})

/** The measurement and its conditions. */
export type GradientBenchResult = Immutable<z.output<typeof gradientBenchSchema>>

/**
 * Measures logits of 100 classes plus the gradient of the cross entropy to the pixels, on random weights, against one
 * large matrix product on the same engine. Products and gradients take turns, so that a machine that slows down slows both,
 * and the best run of each counts. Every measured run passes pixels in and logits and gradients out, as an attack does.
 * @throws NaptuneError for senseless options, or when the weights cannot be written.
 */
export async function benchGradient(engine: Engine, options: GradientBenchOptions = {}): Promise<GradientBenchResult> {
	const { models = benchModels, batches = [16], rounds = 4, prepack = true, matmulSizes = [1024, 2048] } = options
	for (const [what, value] of [
		...batches.map((batch) => ['A batch', batch] as const),
		...matmulSizes.map((size) => ['The size of a matrix', size] as const),
		['The number of rounds', rounds] as const,
	]) {
		if (!Number.isInteger(value) || value < 1) {
			throw new NaptuneError('NAP_ARGUMENT_INVALID', `${what} must be a whole number of at least 1, got ${value}.`)
		}
	}
	if (models.length === 0 || batches.length === 0 || matmulSizes.length === 0) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			'The gradient benchmark needs at least one model, one batch and one matrix size.',
		)
	}
	const configs = models.map(({ config }) => parseClipConfig(config))
	const total = 1 + models.length * batches.length + rounds
	let done = 0
	const progress = (next: string) => options.onProgress?.(done++, total, next)

	progress('writing random weights')
	const { weights, remove } = await writeBenchWeights(configs, benchSeed, options.directory ?? tmpdir())
	try {
		const cases = models.flatMap(({ name: model }, index) =>
			batches.map((batch): Case => {
				const config = at(configs, index)
				const outputs = gradientOutputs(config, frozenWeights(at(weights, index)))
				const multiplyAdds = gradientMultiplyAdds(config.vision, config.projectionDimension, benchClasses)
				return {
					model,
					batch,
					flops: 2 * multiplyAdds * batch,
					compile: () => engine.compile(outputs, { name: model, prepack }),
					feeds: () => gradientFeeds(config, batch),
				}
			}),
		)
		const memory: number[] = []
		for (const one of cases) {
			progress(`memory of ${one.model}, batch ${one.batch}`)
			memory.push(await peakResidentBytes(() => runTwiceAlone(one)))
		}
		const best = await bestSeconds(engine, cases, matmulSizes, rounds, progress)
		const rates = matmulSizes.map((size, index) => ({ size, gflops: (2 * size ** 3) / at(best.products, index) / 1e9 }))
		const matmul = rates.reduce((fastest, rate) => (rate.gflops > fastest.gflops ? rate : fastest))
		return {
			engine: engine.version,
			device: engine.device,
			threads: engine.threads,
			prepack,
			rounds,
			matmul,
			cases: cases.map(({ model, batch, flops }, index) => {
				const gflops = flops / at(best.cases, index) / 1e9
				const msPerImage = (1000 * at(best.cases, index)) / batch
				return {
					model,
					batch,
					gflops,
					ratio: gflops / matmul.gflops,
					msPerImage,
					peakMemoryMB: at(memory, index) / 1e6,
				}
			}),
		}
	} finally {
		await remove()
	}
}

interface Case {
	readonly model: string
	readonly batch: number
	/** Floating-point operations of one run. */
	readonly flops: number
	readonly compile: () => Promise<Program>
	readonly feeds: () => Record<string, Tensor>
}

/** The fastest run of each product and case over several rounds, in which they take turns. */
async function bestSeconds(
	engine: Engine,
	cases: readonly Case[],
	sizes: readonly number[],
	rounds: number,
	progress: (next: string) => void,
): Promise<{ readonly products: readonly number[]; readonly cases: readonly number[] }> {
	const loaded: { release(): Promise<void> }[] = []
	try {
		const products: (() => Promise<void>)[] = []
		for (const size of sizes) {
			const product = await matrixProduct(engine, size)
			loaded.push(product)
			products.push(product.run)
		}
		const programs = new Map<string, Program>()
		const gradients: (() => Promise<unknown>)[] = []
		for (const { model, compile, feeds } of cases) {
			const program = programs.get(model) ?? (await compile())
			programs.set(model, program)
			loaded.push(program)
			const fed = feeds()
			gradients.push(() => program.run(fed))
			await program.run(fed)
		}
		const bestProducts = sizes.map(() => Number.POSITIVE_INFINITY)
		const bestCases = cases.map(() => Number.POSITIVE_INFINITY)
		for (let round = 0; round < rounds; round++) {
			progress(`round ${round + 1} of ${rounds}`)
			for (const [which, gradient] of gradients.entries()) {
				for (const [index, product] of [...products, ...products].entries()) {
					const own = index % products.length
					bestProducts[own] = Math.min(at(bestProducts, own), await seconds(product))
				}
				bestCases[which] = Math.min(at(bestCases, which), await seconds(gradient))
			}
		}
		return { products: bestProducts, cases: bestCases }
	} finally {
		await Promise.all(loaded.map((one) => one.release()))
	}
}

async function runTwiceAlone({ compile, feeds }: Case): Promise<void> {
	const fed = feeds()
	const program = await compile()
	try {
		// The engine plans its memory in the first run and reaches its full size in the second.
		await program.run(fed)
		await program.run(fed)
	} finally {
		await program.release()
	}
}

async function seconds(action: () => Promise<unknown>): Promise<number> {
	const start = performance.now()
	await action()
	return (performance.now() - start) / 1000
}
