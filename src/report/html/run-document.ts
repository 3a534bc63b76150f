/** The report of a tuning run or of a single evaluation. */

import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { epsilonText } from '../../attacks/size-text.js'
import type { RunInspection } from '../../evaluation/inspect-run.js'
import type { ExperimentResult } from '../../experiments/experiment-result.js'
import { packageVersion } from '../../files/package-version.js'
import { runFiles } from '../../tuning/run-directory.js'
import { experimentFigures } from '../figures/experiment-figures.js'
import { duration, grouped } from '../number-text.js'
import { experimentTables } from '../tables/experiment-tables.js'
import type { ReportTable } from '../tables/table.js'
import { evaluateCommands, tuneCommand } from './commands.js'
import { lookSections } from './look-sections.js'
import { protocolSection } from './protocol-section.js'
import { provenanceSection } from './provenance-section.js'
import { type PlacedRecord, resultOfRecords } from './records-result.js'
import type { Block, Definition, ReportSection } from './report-document.js'
import { figureBlocks, paragraph, problemList, type ReportParts, sectionOf, tableBlocks } from './report-parts.js'
import type { ReportSource } from './report-source.js'
import { settingsTable } from './setting-text.js'
import { verdictOf } from './verdict.js'

/** The parts of a report with the result that its tables are of. */
export interface RunParts extends ReportParts {
	/** Missing where nothing was evaluated. */
	readonly result?: ExperimentResult
}

/** The report of a run: its evaluations, learning curves, distortion, settings, and how to repeat it. */
export async function runDocument(source: ReportSource & { kind: 'run' }): Promise<RunParts> {
	const { folder, inspection, records, problems } = source
	const { defense, data, progress } = inspection
	const title = `${defense.name} tuned on ${data.name}`
	const measured = await measuredParts(records, folder, {
		name: basename(folder),
		title,
		run: { seed: Number(inspection.config.seed ?? 1), seconds: progress.seconds ?? 0 },
	})
	const looks = await lookSections([{ folder, title: defense.name, protocol: runProtocol(inspection) }])
	const trouble = [...problems, ...looks.problems]
	const settings = settingsTable(
		'settings',
		'Settings of tuning',
		[{ title: defense.name, settings: { ...inspection.config, defense: { ...defense } } }],
		[],
	)
	return {
		document: {
			title,
			verdict: [
				...(measured ? verdictOf(measured.result) : ['This run has not been evaluated yet.']),
				...(progress.finished ? [] : ['The run is not finished.']),
			],
			facts: runFacts(inspection),
			introduction: [...standingBlocks(inspection), ...problemList(trouble)],
			sections: [
				...(measured?.sections ?? []),
				...looks.sections,
				...(measured ? [measured.protocol] : []),
				{
					id: 'tuning',
					title: 'Tuning',
					blocks: [
						...data.notices.map((text): Block => ({ kind: 'paragraph', text, tone: 'note' })),
						{ kind: 'table', table: parametersTable(inspection) },
						...changesBlocks(inspection),
						{ kind: 'details', summary: 'Every setting of tuning', blocks: [{ kind: 'table', table: settings }] },
					],
				},
				runProvenance(inspection),
				...(measured ? [measured.provenance] : []),
				reproduceSection(
					[tuneCommand(inspection) ?? []].flat(),
					evaluateCommands(
						`${folder}${tuneCommand(inspection) ? '-again' : ''}`,
						records.map(({ record }) => record),
					),
				),
			],
			writer: `naptune ${packageVersion()}`,
		},
		figures: [...(measured?.figures ?? []), ...looks.figures],
		tables: measured?.tables ?? [],
		...(measured && { result: measured.result }),
	}
}

/** The report of one evaluation record. */
export async function evaluationDocument(source: ReportSource & { kind: 'evaluation' }): Promise<RunParts> {
	const { folder, placed } = source
	const { record } = placed
	const title = `${record.defense.name} on ${record.dataset.name} under ${record.attack.name}`
	const measured = (await measuredParts([placed], folder, { name: basename(placed.path, '.json'), title }))!
	const run = dirname(folder)
	const known = existsSync(join(run, runFiles.description))
	return {
		document: {
			title,
			verdict: verdictOf(measured.result),
			facts: [
				{ term: 'Model', text: record.model.source },
				{
					term: 'Defense',
					text: `${record.defense.name}, ${grouped(record.defense.trainableParameters)} trainable parameters`,
				},
				{ term: 'Data set', text: `${record.dataset.name}, ${grouped(record.images)} ${record.dataset.split} images` },
				{ term: 'Attacked in', text: duration(record.seconds) },
			],
			introduction: [],
			sections: [
				...measured.sections,
				measured.protocol,
				measured.provenance,
				reproduceSection([], evaluateCommands(known ? run : 'RUN', [record])),
			],
			writer: `naptune ${packageVersion()}`,
		},
		figures: measured.figures,
		tables: measured.tables,
		result: measured.result,
	}
}

async function measuredParts(
	records: readonly PlacedRecord[],
	folder: string,
	frame: Parameters<typeof resultOfRecords>[1],
) {
	if (records.length === 0) return undefined
	const result = resultOfRecords(records, frame)
	const tables = experimentTables(result)
	const figures = await experimentFigures(result, folder)
	const { section } = await provenanceSection(result, folder, false)
	return {
		result,
		tables,
		figures,
		sections: [
			...sectionOf('results', 'Results', tableBlocks(tables, result.title)),
			...sectionOf('figures', 'Figures', await figureBlocks(figures)),
		],
		protocol: await protocolSection(result, folder, false),
		provenance: { ...section, id: 'records', title: 'Provenance of the evaluations' },
	}
}

/** What was tuned how, in one line. */
function runProtocol({ defense, data, config }: RunInspection): string {
	const { attack, seed } = config as { attack?: { epsilon?: number }; seed?: number }
	return [
		`${defense.name} on ${grouped(data.images)} images of ${data.name}`,
		...(attack?.epsilon === undefined ? [] : [`inner attack L-infinity epsilon ${epsilonText(attack.epsilon)}`]),
		...(seed === undefined ? [] : [`seed ${seed}`]),
	]
		.join(', ')
		.concat('.')
}

function runFacts({ model, data, progress, parameters, defense, preset }: RunInspection): Definition[] {
	return [
		{ term: 'Model', text: model.source },
		{
			term: 'Method',
			text: `${defense.name}, ${grouped(parameters.total)} trainable parameters beside ${grouped(parameters.frozen)} frozen ones`,
		},
		{
			term: 'Data set',
			text: `${data.name}, ${grouped(data.images)} training images of ${data.classNames.length} classes`,
		},
		...(preset ? [{ term: 'Preset', text: `${preset.name}, version ${preset.version}` }] : []),
		{
			term: 'Tuned for',
			text: `${progress.epochs} of ${progress.totalEpochs} epochs, ${grouped(progress.steps)} of ${grouped(progress.totalSteps)} steps${progress.seconds === null ? '' : `, ${duration(progress.seconds)}`}`,
		},
	]
}

function standingBlocks({ progress: { epochsAtChance } }: RunInspection): Block[] {
	if (epochsAtChance === 0) return []
	const text = `The last ${epochsAtChance} epochs of the run were at chance: its parameters are worth nothing.`
	return [{ kind: 'paragraph', text, tone: 'problem' }]
}

function parametersTable({ parameters: { groups, total, frozen } }: RunInspection): ReportTable {
	const row = (name: string, tensors: string, count: number) => ({
		cells: [
			{ text: name, header: true },
			{ text: tensors },
			{ text: grouped(count), value: count },
			{ text: `${((100 * count) / frozen).toFixed(3)} %` },
		],
	})
	return {
		name: 'parameters',
		title: 'Trainable parameters',
		notes: [],
		columns: [
			{ title: 'part', align: 'left' },
			{ title: 'tensors', align: 'right' },
			{ title: 'numbers', align: 'right' },
			{ title: "share of the CLIP's", align: 'right' },
		],
		rows: [
			...groups.map(({ name, tensors, count }) => row(name, String(tensors), count)),
			row('all', String(groups.reduce((sum, { tensors }) => sum + tensors, 0)), total),
		],
	}
}

function changesBlocks({ changed }: RunInspection): Block[] {
	if (changed.length === 0) return [paragraph("All settings are the paper's.")]
	const text = (value: unknown) =>
		value === null ? '\u2013' : typeof value === 'string' ? value : JSON.stringify(value)
	return [
		{
			kind: 'table',
			table: {
				name: 'changes',
				title: "Where the settings are not the paper's",
				notes: [],
				columns: ['setting', 'here', 'usual'].map((title) => ({ title, align: 'left' })),
				rows: changed.map(({ setting, value, usual }) => ({
					cells: [{ text: setting, header: true }, { text: text(value) }, { text: text(usual) }],
				})),
			},
		},
	]
}

function runProvenance({ versions, model, directory, data }: RunInspection): ReportSection {
	return {
		id: 'provenance',
		title: 'Provenance of the run',
		blocks: [
			{
				kind: 'definitions',
				entries: [
					{ term: 'naptune', text: versions.naptune },
					{ term: 'engine', text: `${versions.engine} on ${versions.device}, ${versions.threads} threads` },
					{ term: 'run', text: directory, code: true },
					{ term: 'model', text: model.source, code: true },
					{ term: 'its weights, SHA-256', text: model.sha256, code: true },
					{ term: 'classes', text: data.classNames.join(', ') },
					...Object.entries(data.origin).map(([key, value]) => ({
						term: `data, ${key}`,
						text: typeof value === 'string' ? value : JSON.stringify(value),
						code: true,
					})),
				],
			},
		],
	}
}

function reproduceSection(tune: readonly string[], evaluate: readonly string[]): ReportSection {
	const commands = [...tune, ...evaluate]
	return {
		id: 'reproduce',
		title: 'Reproduce',
		blocks:
			commands.length === 0
				? [paragraph('The settings above are all that it takes; they hold no command line.')]
				: [
						paragraph('On the same data and weights this gives the same numbers:'),
						{ kind: 'code', label: 'Commands', text: commands.join('\n') },
					],
	}
}
