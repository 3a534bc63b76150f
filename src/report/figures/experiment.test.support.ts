/** Results of experiments made by hand. */

import { prepareAttack } from '../../attacks/registry.js'
import { threatModel } from '../../attacks/sets/threat-model.js'
import { defined } from '../../core/defined.js'
import { accuracyOf } from '../../evaluation/robustness/evaluate.js'
import type {
	Average,
	Axis,
	Cell,
	Condition,
	ExperimentResult,
	Method,
	SeedResult,
} from '../../experiments/experiment-result.js'

/** Titles of methods by name, with a number that their accuracy under attack grows with. */
const known: Readonly<Record<string, readonly [string, number]>> = {
	vanilla: ['Vanilla CLIP', 0.03],
	coop: ['CoOp', 0.05],
	advpt: ['AdvPT', 0.08],
	'advpt-v': ['AdvPT-V', 0.14],
	'advpt-vli': ['AdvPT-VLI', 0.2],
	'advpt-vlj': ['AdvPT-VLJ', 0.19],
	'advpt-e2e': ['AdvPT-E2E', 0.1],
	fap: ['FAP', 0.22],
	nap: ['NAP', 0.3],
}

/** Methods by name; unknown names get a title of their own. */
export function methodsOf(names: readonly string[]): Method[] {
	return names.map((name) => ({ name, title: known[name]?.[0] ?? `Variant ${name}` }))
}

/** Clean images and attacks at 1/255. */
export function conditionsOf(names: readonly string[]): Condition[] {
	return names.map((name): Condition => {
		if (name === 'clean') return { name, title: 'Clean', role: 'table' }
		const [attack, levels] = name.split('@') as [string, string?]
		const { name: chosen, attack: registered, source, options } = prepareAttack(attack)
		return {
			name,
			title:
				levels === undefined
					? ({ autoattack: 'AutoAttack' }[attack] ?? attack.toUpperCase())
					: `${attack} at ${levels}/255`,
			attack: { name: chosen, attack: registered, source, options },
			threatModel: threatModel('linf', Number(levels ?? 1) / 255),
			role: levels === undefined ? 'table' : 'epsilon-curve',
		}
	})
}

/** What a result is made of. */
export interface ResultParts {
	readonly layout?: ExperimentResult['layout']
	readonly models?: readonly string[]
	readonly datasets?: readonly string[]
	readonly methods?: readonly string[]
	readonly conditions?: readonly Condition[]
	readonly axis?: Axis
	/** Methods that depend on the axis. */
	readonly varied?: readonly string[]
	readonly seeds?: readonly number[]
	readonly images?: number
	readonly targets?: boolean
	readonly shown?: ExperimentResult['shown']
}

/** A result in which every cell is there, with accuracies that depend on everything a little. */
export function experimentResult(parts: ResultParts = {}): ExperimentResult {
	const { layout = 'table', models = ['nano'], datasets = ['cifar10-mini'], seeds = [1], images = 100 } = parts
	const methods = methodsOf(parts.methods ?? ['vanilla', 'nap'])
	const conditions = parts.conditions ?? conditionsOf(['clean', 'pgd-100', 'autoattack'])
	const { axis, varied = ['nap'], targets = false } = parts
	const cells = models.flatMap((model) =>
		datasets.flatMap((dataset, place) =>
			methods.flatMap(({ name: method }) =>
				conditions.flatMap((condition) =>
					(axis && varied.includes(method) ? axis.values : [undefined]).map((point, at): Cell => {
						const own = method === 'vanilla' ? seeds.slice(0, 1) : seeds
						const expected = expectedAccuracy(method, condition, place, at)
						return cellOf({ model, dataset, method, condition, point, seeds: own, images, expected, targets })
					}),
				),
			),
		),
	)
	return {
		format: 1,
		name: 'example',
		version: 1,
		title: 'An example',
		doc: 'Numbers made by hand.',
		quick: false,
		layout,
		definition: {},
		models,
		datasets,
		missing: [],
		methods,
		conditions,
		...defined({ axis: axis || undefined }),
		reference: 'vanilla',
		seeds,
		cells,
		averages: averagesOf(cells),
		problems: [],
		shown: parts.shown ?? [],
		provenance: { naptune: '0.1.0', engine: 'onnxruntime-node 1', device: 'cpu', threads: 1, weights: {}, seconds: 1 },
	}
}

function expectedAccuracy(
	method: string,
	{ attack, threatModel, title }: Condition,
	place: number,
	at: number,
): number {
	const strength = known[method]?.[1] ?? 0.1 + 0.01 * method.length
	const clean = 0.78 - 0.25 * strength + 0.03 * (place % 5)
	if (!attack) return clean - 0.02 * at
	const levels = threatModel!.epsilon * 255
	const robust = clean * strength ** (levels / 3) * (attack.attack === 'autoattack' ? 0.9 : 1) - 0.001 * title.length
	return Math.max(0, robust + 0.03 * at - 0.006 * at * at)
}

function cellOf(of: {
	readonly model: string
	readonly dataset: string
	readonly method: string
	readonly condition: Condition
	readonly point: number | undefined
	readonly seeds: readonly number[]
	readonly images: number
	readonly expected: number
	readonly targets: boolean
}): Cell {
	const { model, dataset, method, condition, point, images, expected } = of
	const seeds = of.seeds.map((seed, index): SeedResult => {
		const right = Math.min(
			images,
			Math.max(0, Math.round(images * (expected + 0.02 * (index - (of.seeds.length - 1) / 2)))),
		)
		const left = [1.3, 1.05, 1.02, 1].map((share) => Math.min(images, Math.round(right * share)))
		const stages = ['apgd-ce', 'apgd-t', 'fab-t', 'square'].map((stage, place) => ({
			stage,
			attacked: place === 0 ? Math.round(0.75 * images) : left[place - 1]!,
			robust: accuracyOf(left[place]!, images),
			seconds: 1,
		}))
		return {
			seed,
			images,
			accuracy: accuracyOf(right, images),
			...defined({ stages: condition.attack?.attack === 'autoattack' ? stages : undefined }),
			record: `cells/${model}/${dataset}/${method}/evaluations/${condition.name}-${point ?? 'none'}-${seed}.json`,
			tuningSeconds: 1,
			evaluationSeconds: 1,
		}
	})
	const accuracies = seeds.map(({ accuracy }) => accuracy.accuracy)
	const accuracy = accuracies.reduce((sum, one) => sum + one, 0) / seeds.length
	const deviation = Math.sqrt(
		accuracies.reduce((sum, one) => sum + (one - accuracy) ** 2, 0) / Math.max(1, seeds.length - 1),
	)
	const paper = Number((100 * accuracy + 4 - method.length).toFixed(1))
	return {
		model,
		dataset,
		method,
		condition: condition.name,
		...defined({ point }),
		seeds,
		images,
		accuracy,
		interval: accuracyOf(Math.round(accuracy * images), images).interval,
		...defined({
			deviation: seeds.length > 1 ? deviation : undefined,
			target: of.targets ? { paper, difference: 100 * accuracy - paper } : undefined,
		}),
	}
}

function averagesOf(cells: readonly Cell[]): Average[] {
	const groups = new Map<string, Cell[]>()
	for (const cell of cells) {
		const key = JSON.stringify([cell.model, cell.method, cell.condition, cell.point])
		groups.set(key, [...(groups.get(key) ?? []), cell])
	}
	return [...groups.values()].map((group): Average => {
		const { model, method, condition, point } = group[0]!
		return {
			model,
			method,
			condition,
			...defined({ point }),
			datasets: group.length,
			accuracy: group.reduce((sum, { accuracy }) => sum + accuracy, 0) / group.length,
		}
	})
}
