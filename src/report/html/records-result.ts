/** Evaluation records that no experiment holds, in the form of an experiment's result: tables and figures are made of that. */

import { sizeText } from '../../attacks/size-text.js'
import type { Accuracy } from '../../evaluation/evaluate.js'
import { modelName } from '../../evaluation/record-name.js'
import type { EvaluationRecord } from '../../evaluation/recorded-evaluation.js'
import { modelTitle, shortHash, slug } from '../../experiments/cells.js'
import type { Cell, Condition, ExperimentResult } from '../../experiments/experiment-result.js'
import { normText } from '../number-text.js'
import { changedOptions } from './changed-options.js'
import { settingLine } from './setting-text.js'

/** A record with the path that the result names it by. */
export interface PlacedRecord {
	/** Relative, with forward slashes. */
	readonly path: string
	readonly record: EvaluationRecord
}

/** What stands beside the numbers of {@link resultOfRecords}. */
export interface RecordsFrame {
	readonly name: string
	readonly title: string
	/** The tuning run that was evaluated; missing where it is not known. */
	readonly run?: { readonly seed: number; readonly seconds: number }
}

/**
 * Records as a result: a column per model, a row per attack, and one for the clean images of each choice of images.
 * @param records At least one, all of one CLIP.
 */
export function resultOfRecords(records: readonly PlacedRecord[], frame: RecordsFrame): ExperimentResult {
	const samples = [...new Set(records.map(({ record }) => record.dataset.ids))]
	const first = records[0]!.record
	const model = modelTitle(first.model.source)
	const conditions = new Map<string, Condition>()
	const cells = new Map<string, Cell>()
	for (const { path, record } of records) {
		const sample = samples.length === 1 ? '' : ` (${record.images} ${record.dataset.split} images)`
		const cleanName = `clean${sample}`
		conditions.set(cleanName, { name: cleanName, title: `Clean${sample}`, role: 'table' })
		const attacked = attackCondition(record, sample)
		conditions.set(attacked.name, attacked)
		const place = { model, dataset: record.dataset.name, method: modelName(record) }
		const run = place.method === 'vanilla' ? undefined : frame.run
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
						...(stages && { stages }),
						record: path,
						...(run && { run: '.' }),
						tuningSeconds,
						evaluationSeconds: stages || condition !== cleanName ? record.seconds : 0,
					},
				],
			})
		}
		add(cleanName, record.clean)
		add(attacked.name, record.robust, record.stages)
	}
	const methods = unique(records.map(({ record }) => modelName(record))).sort(
		(a, b) => Number(b === 'vanilla') - Number(a === 'vanilla'),
	)
	const inOrder = [...conditions.values()].sort((a, b) => orderOf(a) - orderOf(b))
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

/** Two records have the same condition where their numbers may stand side by side. */
function attackCondition(record: EvaluationRecord, sample: string): Condition {
	const { attack, threatModel, knowledge, seed, target, dataset } = record
	const known = knowledge === 'full' ? '' : `, knowledge ${knowledge}`
	const aim = target === undefined ? '' : `, aimed at ${dataset.classNames[target] ?? target}`
	const changed = settingLine(changedOptions(attack) ?? {})
	const how = changed === '' ? attack.name : `${attack.name} (${changed})`
	const title = `${how} at ${normText(threatModel.norm)} ${sizeText(threatModel)}${known}${aim}${sample}`
	return {
		name: `${slug(attack.name)}-${shortHash([title, attack.options, seed, dataset.ids])}`,
		title,
		attack,
		threatModel,
		role: 'table',
	}
}

/** Clean images first, attacks of several stages last. */
function orderOf({ attack }: Condition): number {
	return attack === undefined ? 0 : Array.isArray(attack.options.stages) ? 2 : 1
}

function unique<Item>(items: readonly Item[]): Item[] {
	return [...new Set(items)]
}
