/** Describes the protocol of an experiment: everything that determines its numbers. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { sizeText } from '../../../attacks/sets/size-text.js'
import { at } from '../../../core/at.js'
import { readEvaluationRecord } from '../../../evaluation/robustness/record.js'
import type { EvaluationRecord } from '../../../evaluation/robustness/recorded-evaluation.js'
import type { Cell, Condition, ExperimentResult } from '../../../experiments/experiment-result.js'
import { runFiles } from '../../../records/names.js'
import { readRecord } from '../../../records/record-kind.js'
import { type RunDescription, runDescriptionForm } from '../../../records/run.js'
import { grouped, normText } from '../../number-text.js'
import type { ReportTable, TableRow } from '../../tables/table.js'
import type { Block, ReportSection } from '../report-document.js'
import { madeImages, readableOptions } from './attack-settings.js'
import { paragraph } from './report-parts.js'
import { type NamedSettings, settingLine, settingsTable } from './setting-text.js'

/**
 * Protocol of a result.
 * @param root Folder of all experiments. @param withTuning Whether to include the settings of the runs.
 * @throws NaptuneError for a damaged record or run.
 */
export async function protocolSection(
	result: ExperimentResult,
	root: string,
	withTuning = true,
): Promise<ReportSection> {
	const records = await firstRecords(result, root)
	const tunings = withTuning ? await tuningSettings(result, root) : []
	return {
		id: 'protocol',
		title: 'Protocol',
		blocks: [
			...(result.doc === '' ? [] : [paragraph(result.doc)]),
			{ kind: 'table', table: conditionsTable(result, records) },
			{ kind: 'table', table: dataTable(result, records) },
			...imagesBlocks(records),
			...(tunings.length === 0
				? []
				: [
						{
							kind: 'details' as const,
							summary: `Every setting of tuning (${tunings.length === 1 ? at(tunings, 0).title : `${tunings.length} methods`})`,
							blocks: [
								{
									kind: 'table' as const,
									table: settingsTable('tuning', 'Settings of tuning', tunings, [
										`From run.json of each method's first run; other runs differ only in data set and seed${result.axis ? ` and ${result.axis.title}` : ''}.`,
									]),
								},
							],
						},
					]),
		],
	}
}

/** A cell's first record, with the cell. */
interface Read {
	readonly cell: Cell
	readonly record: EvaluationRecord
}

/** The first existing record of every condition on every data set; all records of one share the protocol. */
async function firstRecords({ cells }: ExperimentResult, root: string): Promise<Read[]> {
	const found = new Map<string, Read>()
	for (const cell of cells) {
		const key = JSON.stringify([cell.dataset, cell.condition])
		const path = join(root, at(cell.seeds, 0).record)
		if (!found.has(key) && existsSync(path)) found.set(key, { cell, record: await readEvaluationRecord(path) })
	}
	return [...found.values()]
}

function conditionsTable({ conditions, cells }: ExperimentResult, records: readonly Read[]): ReportTable {
	const columns = [
		'condition',
		'attack',
		'threat model',
		'attacker knows',
		'attack seed',
		'images per cell',
		'every option',
		'source',
	]
	return {
		name: 'conditions',
		title: 'Attacks and threat models',
		notes: [
			'An image that is wrong when clean counts as wrong under attack. L-infinity sizes are in pixel units of [0, 1], where 1/255 is one grey level.',
		],
		columns: columns.map((title) => ({ title, align: 'left' })),
		rows: conditions.map((condition, index): TableRow => {
			const own = cells.filter((cell) => cell.condition === condition.name)
			const recordOf = ({ name }: Condition) => records.find(({ cell }) => cell.condition === name)?.record
			const record = recordOf(condition)
			const attack = condition.attack
			const options = optionsText(condition, record)
			const before = conditions[index - 1]
			const same = before?.attack !== undefined && optionsText(before, recordOf(before)) === options
			return {
				cells: [
					{ text: condition.title, header: true },
					{ text: attack?.name ?? 'none' },
					{ text: threatText(condition) },
					{ text: attack && record ? knowledgeText(record) : '\u2013' },
					{ text: attack && record ? String(record.seed) : '\u2013' },
					{ text: rangeText(own.map(({ images }) => images)) },
					// Repeating equal values would hide the differences.
					{ text: same && attack?.name === before.attack?.name ? 'as above' : options },
					{ text: same && attack?.source === before.attack?.source ? 'as above' : (attack?.source ?? '\u2013') },
				],
			}
		}),
	}
}

/** The options as run, because a definition does not state the models behind stored images. */
function optionsText({ attack }: Condition, record: EvaluationRecord | undefined): string {
	if (!attack) return '\u2013'
	return settingLine(readableOptions(record?.attack.options ?? attack.options)) || 'none'
}

function knowledgeText({ knowledge, knownModel, attack }: EvaluationRecord): string {
	const made = madeImages(attack)
	if (made) return `${knowledge}: images made on ${made.models.join(', ')}`
	return knownModel ? `${knowledge}: ${knownModel.name}` : knowledge
}

function threatText({ threatModel }: Condition): string {
	return threatModel ? `${normText(threatModel.norm)} ${sizeText(threatModel)}` : '\u2013'
}

function dataTable({ datasets, missing, seeds }: ExperimentResult, records: readonly Read[]): ReportTable {
	const rows = datasets.map((name) => {
		const own = records.filter(({ cell }) => cell.dataset === name)
		const dataset = own[0]?.record.dataset
		return {
			cells: [
				{ text: name, header: true },
				{ text: dataset ? `${dataset.split} split` : '\u2013' },
				{ text: rangeText(own.map(({ record }) => record.dataset.images)) },
				{ text: dataset ? grouped(dataset.classNames.length) : '\u2013' },
				{ text: dataset ? settingLine(dataset.origin) : '\u2013' },
			],
		}
	})
	const left = missing.map(({ dataset, reason }) => ({
		group: 'Skipped',
		cells: [
			{ text: dataset, header: true },
			...['\u2013', '\u2013', '\u2013'].map((text) => ({ text })),
			{ text: reason },
		],
	}))
	return {
		name: 'data',
		title: 'Data',
		notes: [
			...(seeds.length === 0
				? []
				: [
						`Tuned with ${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.join(', ')}: few-shot sample, initial values and order. The test images are the same for all methods and seeds.`,
					]),
			...new Set(records.flatMap(({ record }) => record.dataset.notices)),
		],
		columns: ['data set', 'evaluated on', 'images', 'classes', 'origin'].map((title) => ({ title, align: 'left' })),
		rows: [...rows, ...left],
	}
}

/** Fingerprints of the choice of images, for comparisons. */
function imagesBlocks(records: readonly Read[]): Block[] {
	if (records.length === 0) return []
	const conditions = new Map<string, { readonly dataset: string; readonly ids: string; readonly names: string[] }>()
	for (const { cell, record } of records) {
		const { ids } = record.dataset
		const key = JSON.stringify([cell.dataset, ids])
		const same = conditions.get(key) ?? { dataset: cell.dataset, ids, names: [] }
		same.names.push(cell.condition)
		conditions.set(key, same)
	}
	return [
		{
			kind: 'details',
			summary: 'Fingerprints of the test images',
			blocks: [
				paragraph('SHA-256 of the image ids in order, for the conditions on each data set.'),
				{
					kind: 'definitions',
					entries: [...conditions.values()].map(({ dataset, ids, names }) => ({
						term: `${dataset}: ${names.join(', ')}`,
						text: ids,
						code: true,
					})),
				},
			],
		},
	]
}

/** The settings in `run.json` of the first run of every tuned method. */
async function tuningSettings({ cells, methods }: ExperimentResult, root: string): Promise<NamedSettings[]> {
	const found: NamedSettings[] = []
	for (const { name, title } of methods) {
		const run = cells
			.flatMap(({ method, seeds }) => (method === name ? seeds : []))
			.find((seed) => seed.run !== undefined)?.run
		if (run === undefined) continue
		const path = join(root, run, runFiles.description)
		if (!existsSync(path)) continue
		found.push({ title, settings: tuningOf(await readRecord(runDescriptionForm, path)) })
	}
	return found
}

/** The settings that determine a tuning run: all options of the defense, not only the given ones. */
function tuningOf({ defense, config }: RunDescription): Record<string, unknown> {
	return { ...config, defense }
}

function rangeText(counts: readonly number[]): string {
	if (counts.length === 0) return '\u2013'
	const [least, most] = [Math.min(...counts), Math.max(...counts)]
	return least === most ? grouped(least) : `${grouped(least)} to ${grouped(most)}`
}
