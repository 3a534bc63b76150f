/** Builds the report of a tuning run or of a single evaluation. */

import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { defined } from '../../core/defined.js'
import type { ExperimentResult } from '../../experiments/experiment-result.js'
import { packageVersion } from '../../files/package-version.js'
import { runFiles } from '../../methods/tuning/run-directory.js'
import { withFamily } from '../../records/names.js'
import { experimentFigures } from '../figures/experiment-figures.js'
import { duration, grouped } from '../number-text.js'
import { recordsBelow } from '../records-below.js'
import { runProtocol } from '../run-protocol.js'
import { experimentTables } from '../tables/experiment-tables.js'
import { type PlacedRecord, resultOfRecords } from './records-result.js'
import type { Block, ReportSection } from './report-document.js'
import type { ReportSource } from './report-source.js'
import { evaluateCommands, tuneCommand } from './sections/commands.js'
import { lookSections } from './sections/look-sections.js'
import { protocolSection } from './sections/protocol-section.js'
import { provenanceSection } from './sections/provenance-section.js'
import {
	figureBlocks,
	paragraph,
	problemList,
	type ReportParts,
	sectionOf,
	tableBlocks,
} from './sections/report-parts.js'
import { changesBlocks, parametersTable, runFacts, runProvenance, standingBlocks } from './sections/run-blocks.js'
import { settingsTable } from './sections/setting-text.js'
import { verdictOf, worseThanVanillaSentences } from './sections/verdict.js'

/** The parts of a report with the result behind its tables. */
export interface RunParts extends ReportParts {
	/** Missing if nothing was evaluated. */
	readonly result?: ExperimentResult
}

/** The report of a run: its evaluations, learning curves, distortion, settings, and how to repeat it. */
export async function runDocument(source: ReportSource & { kind: 'run' }): Promise<RunParts> {
	const { folder, inspection, records, problems } = source
	const { defense, data, progress } = inspection
	const title = `${defense.name} tuned on ${data.name}`
	const measured =
		records.length === 0
			? undefined
			: await measuredParts(records, folder, {
					name: basename(folder),
					title,
					run: {
						seed: inspection.config.seed,
						seconds: progress.seconds ?? 0,
						epsilon: inspection.config.attack.epsilon,
					},
				})
	const looks = await lookSections([{ folder, title: defense.name, protocol: `${runProtocol(inspection)}.` }])
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
				...(measured
					? [...(await worseThanVanillaSentences(measured.result, recordsBelow(folder))), ...verdictOf(measured.result)]
					: ['This run has not been evaluated yet; run naptune evaluate.']),
				...(progress.finished ? [] : ['The run is not finished.']),
			],
			facts: runFacts(inspection),
			introduction: [...standingBlocks(inspection), ...problemList([...trouble, ...looks.gone])],
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
		problems: trouble,
		...defined({ result: measured?.result }),
	}
}

/** The report of one evaluation record. */
export async function evaluationDocument(source: ReportSource & { kind: 'evaluation' }): Promise<RunParts> {
	const { folder, placed } = source
	const { record } = placed
	const title = `${record.defense.name} on ${record.dataset.name} under ${record.attack.name}`
	const measured = await measuredParts([placed], folder, { name: basename(placed.path, '.json'), title })
	const run = dirname(folder)
	const known = existsSync(join(run, runFiles.description))
	return {
		document: {
			title,
			verdict: verdictOf(measured.result),
			facts: [
				{ term: 'Model', text: withFamily(record.model.source, record.model.family) },
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
		problems: [],
		result: measured.result,
	}
}

async function measuredParts(
	records: readonly PlacedRecord[],
	folder: string,
	frame: Parameters<typeof resultOfRecords>[1],
) {
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

function reproduceSection(tune: readonly string[], evaluate: readonly string[]): ReportSection {
	const commands = [...tune, ...evaluate]
	return {
		id: 'reproduce',
		title: 'Reproduce',
		blocks:
			commands.length === 0
				? [paragraph('The settings above determine the evaluation, but the record holds no command line.')]
				: [
						paragraph('On the same data and weights, this command gives the same numbers:'),
						{ kind: 'code', label: 'Commands', text: commands.join('\n') },
					],
	}
}
