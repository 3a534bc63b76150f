/** Builds the report of an experiment. */

import { join } from 'node:path'
import { modelTitle, slug } from '../../experiments/cells.js'
import type { ExperimentResult } from '../../experiments/experiment-result.js'
import { loadPaperTargets } from '../../experiments/targets.js'
import { packageVersion } from '../../files/package-version.js'
import { experimentFigures } from '../figures/experiment-figures.js'
import { trainedResult } from '../not-trained.js'
import { duration } from '../number-text.js'
import { recordsBelow } from '../records-below.js'
import { soundResult } from '../sound-result.js'
import { experimentTables } from '../tables/experiment-tables.js'
import { paperCheckTables } from '../tables/paper-check-tables.js'
import type { Block, Definition, ReportSection } from './report-document.js'
import { experimentCommand } from './sections/commands.js'
import { lookSections, type ShownRun } from './sections/look-sections.js'
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
import { verdictOf, worseThanVanillaSentences } from './sections/verdict.js'

/**
 * Reports everything in a result and its records, in the order of a reader's questions: findings, tables, figures, what is
 * missing, a look into the runs, protocol, provenance, and how to repeat it.
 * @param root Folder of all experiments.
 * @returns The report, with the problems of records that contradict themselves or the result, whose numbers it excludes. The
 * report names missing files.
 * @throws NaptuneError for a damaged run.
 */
export async function experimentDocument(whole: ExperimentResult, root: string): Promise<ReportParts> {
	const { result, changed } = await soundResult(whole, root)
	const tables = experimentTables(result)
	const trained = trainedResult(result)
	const figures = await experimentFigures(trained, root)
	const paper = paperCheckTables(trained, await loadPaperTargets())
	const looks = await lookSections(shownRuns(result, root))
	const { section: provenance, gone } = await provenanceSection(result, root, true)
	const lost = [
		...changed,
		...looks.problems,
		...looks.gone,
		...(gone.length === 0
			? []
			: [
					`${gone.length} evaluation ${gone.length === 1 ? 'record is' : 'records are'} missing below ${root}, such as ${gone[0]}; the report omits what depends on them.`,
				]),
	]
	const reproduce = await reproduceParts(result)
	const notMeasured = tables.filter(({ name }) => name.startsWith('not-measured'))
	const sections: ReportSection[] = [
		...sectionOf(
			'results',
			'Results',
			tableBlocks(
				tables.filter((table) => !notMeasured.includes(table)),
				result.title,
			),
		),
		...sectionOf('paper', "The paper's own numbers", tableBlocks(paper, result.title)),
		...sectionOf('figures', 'Figures', await figureBlocks(figures)),
		...sectionOf('missing', 'What is missing', [...tableBlocks(notMeasured, result.title), ...problemList(lost)]),
		...looks.sections,
		await protocolSection(result, root),
		provenance,
		reproduce.section,
	]
	return {
		document: {
			title: result.title,
			verdict: [...(await worseThanVanillaSentences(trained, recordsBelow(root))), ...verdictOf(trained)],
			facts: factsOf(result),
			introduction: introductionOf(result, lost.length),
			sections,
			writer: `naptune ${packageVersion()}`,
		},
		figures: [...figures, ...looks.figures],
		tables: [...tables, ...paper],
		problems: [...changed, ...looks.problems],
		files: reproduce.files,
	}
}

function shownRuns({ shown, methods }: ExperimentResult, root: string): ShownRun[] {
	return shown.map(({ method, run, dataset }) => ({
		folder: join(root, run),
		title: `${methods.find(({ name }) => name === method)?.title ?? method} on ${dataset}`,
	}))
}

function factsOf(result: ExperimentResult): Definition[] {
	const { models, datasets, methods, seeds, provenance, axis } = result
	return [
		{ term: models.length === 1 ? 'Model' : 'Models', text: models.map(modelTitle).join(', ') },
		{ term: datasets.length === 1 ? 'Data set' : 'Data sets', text: datasets.join(', ') || 'none' },
		{ term: 'Methods', text: methods.map(({ title }) => title).join(', ') },
		...(axis ? [{ term: 'Varied', text: `${axis.title}: ${(axis.labels ?? axis.values).join(', ')}` }] : []),
		{ term: seeds.length === 1 ? 'Seed' : 'Seeds', text: seeds.join(', ') },
		{ term: 'Computed in', text: duration(provenance.seconds) },
	]
}

/** States what a reader must know before the first number. */
function introductionOf({ quick, missing, problems }: ExperimentResult, lost: number): Block[] {
	const notes = quick
		? [
				{
					kind: 'paragraph' as const,
					tone: 'note' as const,
					text: "This is the small experiment on the embedded model and data. It shows that everything runs, not how good the method is on the paper's data.",
				},
			]
		: []
	const counts = [
		[missing.length, missing.length === 1 ? 'data set was skipped' : 'data sets were skipped'],
		[problems.length, problems.length === 1 ? 'cell could not be measured' : 'cells could not be measured'],
		[lost, lost === 1 ? 'part of the report could not be made' : 'parts of the report could not be made'],
	] as const
	const summary = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`)
	return [
		...notes,
		...(summary.length === 0
			? []
			: [
					{
						kind: 'paragraph' as const,
						tone: 'problem' as const,
						text: `${summary.join(', ')}: see the section What is missing.`,
					},
				]),
	]
}

/** A command suffices for a packaged definition; otherwise the definition goes into a file beside the page. */
async function reproduceParts(
	result: ExperimentResult,
): Promise<{ readonly section: ReportSection; readonly files: NonNullable<ReportParts['files']> }> {
	const { name: experiment, definition } = result
	const known = await experimentCommand(result)
	const name = `${slug(experiment)}-definition.json`
	const command = known ?? `naptune reproduce ${name}`
	// Definition files state the changes of a small run; this one is already final.
	const text = JSON.stringify(known === undefined ? { ...definition, quick: {} } : definition, null, 2)
	const introduction =
		known === undefined
			? `The experiment ran with its own settings, stored in ${name} beside this page. On the same data and weights, this command gives the same numbers:`
			: 'On the same data and weights, this command gives the same numbers:'
	return {
		files: known === undefined ? [{ name, text: `${text}\n` }] : [],
		section: {
			id: 'reproduce',
			title: 'Reproduce',
			blocks: [
				paragraph(introduction),
				{ kind: 'code', label: 'Command', text: command },
				{
					kind: 'details',
					summary: 'The whole definition as it ran',
					blocks: [{ kind: 'code', label: 'Definition of the experiment', text }],
				},
			],
		},
	}
}
