/** Converts evaluation records outside any experiment into an experiment result, from which tables and figures are made. */

import { sizeText } from '../../attacks/sets/size-text.js'
import { at, entry, present } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import type { Accuracy } from '../../evaluation/robustness/evaluate.js'
import { modelName } from '../../evaluation/robustness/record-name.js'
import type { EvaluationRecord } from '../../evaluation/robustness/recorded-evaluation.js'
import { modelTitle, shortHash, slug } from '../../experiments/cells.js'
import type { Cell, Condition, ExperimentResult } from '../../experiments/experiment-result.js'
import { withFamily } from '../../records/names.js'
import { normText } from '../number-text.js'
import { madeImages } from './sections/attack-settings.js'
import { changedOptions } from './sections/changed-options.js'
import { settingLine } from './sections/setting-text.js'

/** A record with its path in the result. */
export interface PlacedRecord {
	/** Relative, with forward slashes. */
	readonly path: string
	readonly record: EvaluationRecord
}

/** What accompanies the numbers of {@link resultOfRecords}. */
export interface RecordsFrame {
	readonly name: string
	readonly title: string
	/** The evaluated tuning run; missing if unknown. */
	readonly run?: { readonly seed: number; readonly seconds: number; readonly epsilon?: number }
}

/**
 * Converts records to a result: a column per model, a row per attack, and one for the clean images of each choice of images.
 * The attack with the most sizes, if at least three, gives a curve over epsilon.
 * @param records At least one, all of one CLIP.
 */
export function resultOfRecords(records: readonly PlacedRecord[], frame: RecordsFrame): ExperimentResult {
	const samples = [...new Set(records.map(({ record }) => record.dataset.ids))]
	const first = at(records, 0).record
	const model = withFamily(modelTitle(first.model.source), first.model.family)
	const methodOf = methodNames(records)
	const conditions = new Map<string, Condition>()
	const cells = new Map<string, Cell>()
	for (const { path, record } of records) {
		const sample = samples.length === 1 ? '' : ` (${record.images} ${record.dataset.split} images)`
		const cleanName = `clean${sample}`
		conditions.set(cleanName, { name: cleanName, title: `Clean${sample}`, role: 'table' })
		const attacked = attackCondition(record, sample)
		conditions.set(attacked.name, attacked)
		const place = { model, dataset: record.dataset.name, method: present(methodOf.get(record), 'name of the record') }
		const run = record.defense.name === 'vanilla' ? undefined : frame.run
		const tuningSeconds = run?.seconds ?? 0
		const add = (condition: string, accuracy: Accuracy, stages?: EvaluationRecord['stages']) => {
			const key = JSON.stringify([place, condition])
			if (cells.has(key)) return
			cells.set(key, {
				...place,
				condition,
				images: record.images,
				...accuracy,
				seeds: [
					{
						seed: frame.run?.seed ?? record.seed,
						images: record.images,
						accuracy,
						...defined({ stages: stages || undefined }),
						record: path,
						...defined({ run: run ? '.' : undefined }),
						tuningSeconds,
						evaluationSeconds: stages || condition !== cleanName ? record.seconds : 0,
					},
				],
			})
		}
		add(cleanName, record.clean)
		add(attacked.name, record.robust, record.stages)
	}
	const methods = unique(records.map(({ record }) => present(methodOf.get(record), 'name of the record'))).sort(
		(a, b) => Number(b === 'vanilla') - Number(a === 'vanilla'),
	)
	const inOrder = withCurve([...conditions.values()], samples.length === 1, frame.run?.epsilon).sort(
		(a, b) => orderOf(a) - orderOf(b),
	)
	return {
		format: 1,
		name: frame.name,
		version: 1,
		title: frame.title,
		doc: '',
		quick: false,
		layout: 'table',
		definition: {},
		models: [model],
		datasets: unique(records.map(({ record }) => record.dataset.name)),
		missing: [],
		methods: methods.map((name) => ({ name, title: name })),
		conditions: inOrder,
		seeds: frame.run ? [frame.run.seed] : [],
		cells: [...cells.values()],
		averages: [],
		problems: [],
		shown: [],
		provenance: {
			...first.versions,
			threads: first.threads,
			weights: { [model]: first.model.sha256 },
			seconds: records.reduce((sum, { record }) => sum + record.seconds, 0) + (frame.run?.seconds ?? 0),
		},
	}
}

/** Names of models; if records of one name differ in options or parameters, all but the most frequent variant say so. */
function methodNames(records: readonly PlacedRecord[]): ReadonlyMap<EvaluationRecord, string> {
	const variantOf = ({ defense, testTime }: EvaluationRecord) =>
		JSON.stringify([defense.options, defense.parameters, testTime?.options])
	const counts = new Map<string, Map<string, number>>()
	for (const { record } of records) {
		const own = counts.get(modelName(record)) ?? new Map<string, number>()
		own.set(variantOf(record), (own.get(variantOf(record)) ?? 0) + 1)
		counts.set(modelName(record), own)
	}
	return new Map(
		records.map(({ record }) => {
			const own = [...entry(counts, modelName(record))]
			const [usual] = own.reduce((most, one) => (one[1] > most[1] ? one : most))
			const variant = variantOf(record)
			const name = variant === usual ? '' : ` [other options or parameters ${shortHash(variant)}]`
			return [record, `${modelName(record)}${name}`]
		}),
	)
}

/** Minimum number of sizes for a curve. */
const leastSizes = 3

/**
 * Turns the sizes of one attack into a curve over epsilon, except the size of most attacks, which tables compare.
 * @param comparable Whether all use the same images. @param tuned Epsilon of the tuning run, if known.
 */
function withCurve(conditions: readonly Condition[], comparable: boolean, tuned: number | undefined): Condition[] {
	const attacks = conditions.flatMap((condition) => {
		const { attack, threatModel } = condition
		return attack && threatModel ? [{ condition, attack, threatModel }] : []
	})
	const sizes = countsOf(attacks.map(({ threatModel }) => threatModel.epsilon))
	const most = Math.max(...sizes.values())
	const main = [...sizes].flatMap(([size, count]) => (count === most ? [size] : [])).sort((a, b) => a - b)
	const compared = tuned !== undefined && main.includes(tuned) ? tuned : main[0]
	const familyOf = ({ attack, threatModel }: (typeof attacks)[number]) =>
		JSON.stringify([attack.name, attack.options, threatModel.norm])
	const families = countsOf(attacks.map(familyOf))
	const longest = Math.max(0, ...families.values())
	const family = [...families].find(([, count]) => count === longest)?.[0]
	const own = attacks.filter((one) => familyOf(one) === family)
	// Conditions of equal size differ in something else, such as attacker knowledge.
	const curve =
		comparable && longest >= leastSizes && new Set(own.map(({ threatModel }) => threatModel.epsilon)).size === longest
	const points = new Set(
		curve ? own.flatMap(({ condition, threatModel }) => (threatModel.epsilon === compared ? [] : [condition])) : [],
	)
	return conditions.map((condition) => (points.has(condition) ? { ...condition, role: 'epsilon-curve' } : condition))
}

function countsOf<Item>(items: readonly Item[]): Map<Item, number> {
	const counts = new Map<Item, number>()
	for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
	return counts
}

/** The condition of a record; equal conditions mean comparable numbers. */
function attackCondition(record: EvaluationRecord, sample: string): Condition {
	const { attack, threatModel, knowledge, seed, target, dataset } = record
	const known = knowledge === 'full' || madeImages(record.attack) ? '' : `, knowledge ${knowledge}`
	const aim = target === undefined ? '' : `, target ${dataset.classNames[target] ?? target}`
	const made = madeImages(attack)
	const changed = settingLine(changedOf(attack, made !== undefined))
	const from = made ? `images made on ${made.models.join(', ')}` : ''
	const details = [from, changed].filter((part) => part !== '')
	const how = details.length === 0 ? attack.name : `${attack.name} (${details.join('; ')})`
	const title = `${how} at ${normText(threatModel.norm)} ${sizeText(threatModel)}${known}${aim}${sample}`
	return {
		name: `${slug(attack.name)}-${shortHash([title, attack.options, seed, dataset.ids])}`,
		title,
		attack,
		threatModel,
		role: 'table',
	}
}

/** Options that differ from the defaults, except the models behind stored images. */
function changedOf(attack: EvaluationRecord['attack'], made: boolean): Record<string, unknown> {
	const changed = changedOptions(attack) ?? {}
	if (!made) return changed
	const { made: _, surrogates: __, ...rest } = changed
	return rest
}

/** Clean images first, attacks of several stages last. */
function orderOf({ attack }: Condition): number {
	return attack === undefined ? 0 : Array.isArray(attack.options.stages) ? 2 : 1
}

function unique<Item>(items: readonly Item[]): Item[] {
	return [...new Set(items)]
}
