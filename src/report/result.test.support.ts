/** Results of experiments made from outcomes of images that are drawn by a rule, so that every number follows from others. */

import { defined } from '../core/defined.js'
import type {
	Average,
	Axis,
	Cell,
	Condition,
	ExperimentResult,
	Method,
	PairedResult,
	SeedResult,
} from '../experiments/experiment-result.js'
import { generator } from '../random/counter-based.js'
import { mcnemarTest } from '../statistics/mcnemar.js'
import { quantile95, wilsonInterval } from '../statistics/wilson.js'

/** What a made-up result is of; everything has a default. */
export interface SampleOptions {
	/** `table` by default. */
	readonly layout?: ExperimentResult['layout']
	readonly models?: readonly string[]
	readonly datasets?: readonly string[]
	readonly methods?: readonly Method[]
	readonly conditions?: readonly Condition[]
	readonly axis?: Axis
	/** Missing for none; `vanilla` by default. */
	readonly reference?: string | null
	/** One by default. */
	readonly seeds?: readonly number[]
	/** Per cell; 200 by default. */
	readonly images?: number
	/** Numbers of a paper beside the cells; none by default. */
	readonly targets?: boolean
	readonly missing?: ExperimentResult['missing']
	/** Their cells are left out. */
	readonly problems?: ExperimentResult['problems']
	readonly changes?: Partial<ExperimentResult>
}

/** Vanilla, AdvPT, AdvPT-V and NAP. */
export const sampleMethods: readonly Method[] = [
	{ name: 'vanilla', title: 'Vanilla' },
	{ name: 'advpt', title: 'AdvPT' },
	{ name: 'advpt-v', title: 'AdvPT-V' },
	{ name: 'nap', title: 'NAP' },
]

/** Clean images, PGD-100 and AutoAttack at 1/255. */
export const sampleConditions: readonly Condition[] = [
	{ name: 'clean', title: 'Clean', role: 'table' },
	attackCondition('pgd', 'PGD-100', 1),
	attackCondition('autoattack', 'AutoAttack', 1),
]

/** Points of a curve of robust accuracy over epsilon, in grey levels. */
export const sampleCurve: readonly Condition[] = [0.5, 1, 2, 4].map((levels) => ({
	...attackCondition('pgd', `PGD-100 at ${levels}/255`, levels),
	name: `pgd-at-${levels}-255`,
	role: 'epsilon-curve',
}))

const matrixConditions: readonly Condition[] = [
	sampleConditions[0]!,
	...sampleCurve.map((condition): Condition => ({ ...condition, role: 'table' })),
]

const axes: Readonly<Record<ExperimentResult['layout'], Axis | undefined>> = {
	table: undefined,
	curve: { name: 'shots', title: 'training images per class', values: [1, 2, 4, 8, 16], scale: 'log' },
	matrix: {
		name: 'epsilon',
		title: 'training epsilon',
		values: [1 / 255, 2 / 255, 4 / 255],
		labels: ['1/255', '2/255', '4/255'],
		scale: 'linear',
	},
}

function attackCondition(name: string, title: string, levels: number): Condition {
	const attack = name === 'autoattack' ? name : 'pgd'
	return {
		name,
		title,
		attack: {
			name: attack === 'pgd' ? 'pgd-100' : name,
			attack,
			source: attack === 'pgd' ? 'Madry et al. 2018' : 'Croce and Hein 2020',
			options: attack === 'pgd' ? { steps: 100 } : { version: 'standard' },
		},
		threatModel: { norm: 'linf', epsilon: levels / 255 },
		role: 'table',
	}
}

/** A small result; the same options give the same one. */
export function sampleResult(options: SampleOptions = {}): ExperimentResult {
	const whole = withDefaults(options)
	const { layout, models, datasets, methods, conditions, axis, reference, seeds, missing, problems } = whole
	const cells = models.flatMap((model) =>
		datasets.flatMap((dataset) =>
			methods.flatMap(({ name: method }) =>
				conditions.flatMap((condition) =>
					pointsOf(axis, method).flatMap((point) => {
						const of = { model, dataset, method, condition: condition.name, ...defined({ point }) }
						return isProblem(whole, of) ? [] : [sampleCell(whole, of, condition)]
					}),
				),
			),
		),
	)
	return {
		format: 1,
		name: `sample-${layout}`,
		version: 1,
		title: 'A sample',
		doc: 'Numbers that follow from a rule. They measure nothing.',
		quick: true,
		layout,
		definition: { name: `sample-${layout}`, models, datasets, seeds },
		models,
		datasets,
		missing,
		methods,
		conditions,
		...defined({ axis: axis || undefined, reference: reference !== null ? reference : undefined }),
		seeds,
		cells,
		averages: averagesOf(whole, cells),
		problems,
		shown: [],
		provenance: {
			naptune: '0.1.0',
			engine: 'onnxruntime-node 1.30.0',
			device: 'cpu',
			threads: 2,
			weights: Object.fromEntries(models.map((model) => [model, '0123456789abcdef'.repeat(4)])),
			seconds: cells.flatMap((cell) => cell.seeds).reduce((sum, seed) => sum + seed.evaluationSeconds, 0),
		},
		...options.changes,
	}
}

type Whole = ReturnType<typeof withDefaults>
type Place = Pick<Cell, 'model' | 'dataset' | 'method' | 'condition' | 'point'>

function withDefaults(options: SampleOptions) {
	const { layout = 'table' } = options
	return {
		layout,
		models: options.models ?? ['nano'],
		datasets: options.datasets ?? ['cifar10-mini'],
		methods: options.methods ?? sampleMethods,
		conditions: options.conditions ?? (layout === 'matrix' ? matrixConditions : sampleConditions),
		axis: options.axis ?? axes[layout],
		reference: options.reference === undefined ? 'vanilla' : options.reference,
		seeds: options.seeds ?? [1],
		images: options.images ?? 200,
		targets: options.targets ?? false,
		missing: options.missing ?? [],
		problems: options.problems ?? [],
	}
}

/** Vanilla depends on nothing that is tuned. */
function pointsOf(axis: Axis | undefined, method: string): readonly (number | undefined)[] {
	return axis && method !== 'vanilla' ? axis.values : [undefined]
}

function isProblem({ problems }: Whole, of: Place): boolean {
	return problems.some((problem) =>
		(['model', 'dataset', 'method', 'condition', 'point'] as const).every(
			(key) => problem[key] === undefined || problem[key] === of[key],
		),
	)
}

function sampleCell(whole: Whole, of: Place, condition: Condition): Cell {
	const { images, seeds, reference, targets } = whole
	// Vanilla has nothing that a seed would change.
	const own = of.method === 'vanilla' ? seeds.slice(0, 1) : seeds
	const right = own.map((seed) => outcomes(whole, of, condition, seed))
	const shares = right.map((bits) => count(bits) / images)
	const accuracy = mean(shares)
	const deviation = Math.sqrt(shares.reduce((sum, share) => sum + (share - accuracy) ** 2, 0) / (shares.length - 1))
	const target = Math.round(1000 * Math.min(1, accuracy + 0.03 * generator(7, JSON.stringify(of)).normal())) / 10
	return {
		...of,
		seeds: own.map((seed, at) => seedResult(of, seed, right[at]!)),
		images,
		accuracy,
		interval: wilsonInterval(Math.round(accuracy * images), images),
		...defined({
			deviation: own.length > 1 ? deviation : undefined,
			paired: reference !== null && reference !== of.method ? pairedWith(whole, of, condition, right) : undefined,
			target: targets ? { paper: target, difference: 100 * accuracy - target } : undefined,
		}),
	}
}

function seedResult({ dataset, method, condition, point }: Place, seed: number, bits: readonly boolean[]): SeedResult {
	const run = `cells/nano/${dataset}/${method}${point === undefined ? '' : `-${point}`}-${seed}`
	return {
		seed,
		images: bits.length,
		accuracy: { accuracy: count(bits) / bits.length, interval: wilsonInterval(count(bits), bits.length) },
		record: `${run}/evaluations/${condition}.json`,
		...defined({ run: method !== 'vanilla' ? run : undefined }),
		tuningSeconds: method === 'vanilla' ? 0 : 60 + seed,
		evaluationSeconds: condition === 'autoattack' ? 300 : 30,
	}
}

/** Whether each image is classified right: an image has a difficulty, a method a strength, and a seed some noise. */
function outcomes({ axis, images, methods }: Whole, of: Place, { threatModel }: Condition, seed: number): boolean[] {
	const rank = methods.findIndex(({ name }) => name === of.method) / Math.max(1, methods.length - 1)
	const at = axis && of.point !== undefined ? axis.values.indexOf(of.point) / axis.values.length : 0.5
	const levels = (threatModel?.epsilon ?? 0) * 255
	const weaker = of.condition === 'autoattack' ? 0.9 : 1
	const strength = (0.8 - 0.1 * rank + 0.1 * at) * weaker * Math.exp(-levels * (1.6 - 1.3 * rank))
	const difficulty = generator(1, of.dataset, of.model)
	const noise = generator(seed, of.method, of.condition, of.point ?? 'none')
	return Array.from({ length: images }, () => difficulty.uniform() + 0.05 * noise.normal() < strength)
}

function pairedWith(whole: Whole, of: Place, condition: Condition, right: readonly boolean[][]): PairedResult {
	const { reference, images, seeds } = whole
	const { point: _, ...place } = { ...of, method: reference! }
	const depends = pointsOf(whole.axis, reference!)[0] !== undefined
	const other = outcomes(whole, depends ? { ...of, method: reference! } : place, condition, seeds[0]!)
	const onlyThis = right[0]!.filter((bit, at) => bit && !other[at]).length
	const onlyReference = right[0]!.filter((bit, at) => !bit && other[at]).length
	const difference = mean(right.map((bits) => (count(bits) - count(other)) / images))
	const spread = onlyThis + onlyReference - (onlyThis - onlyReference) ** 2 / images
	const half = (quantile95 * Math.sqrt(spread)) / images
	return {
		reference: reference!,
		onlyThis,
		onlyReference,
		p: mcnemarTest(onlyThis, onlyReference),
		difference,
		interval: [difference - half, difference + half],
	}
}

function averagesOf({ models, methods, conditions, axis, targets }: Whole, cells: readonly Cell[]): Average[] {
	return models.flatMap((model) =>
		methods.flatMap(({ name: method }) =>
			conditions.flatMap(({ name: condition }) =>
				pointsOf(axis, method).flatMap((point) => {
					const own = cells.filter(
						(cell) =>
							cell.model === model && cell.method === method && cell.condition === condition && cell.point === point,
					)
					if (own.length === 0) return []
					const recomputed = mean(own.map(({ target }) => target?.paper ?? 0))
					return {
						model,
						method,
						condition,
						...defined({ point }),
						datasets: own.length,
						accuracy: mean(own.map(({ accuracy }) => accuracy)),
						...defined({ target: targets ? { stated: Math.round(10 * recomputed + 5) / 10, recomputed } : undefined }),
					}
				}),
			),
		),
	)
}

function count(bits: readonly boolean[]): number {
	return bits.filter(Boolean).length
}

function mean(values: readonly number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / values.length
}
