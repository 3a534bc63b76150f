/** Documents where the numbers come from: versions, weights, records and times. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { modelTitle } from '../../../experiments/cells.js'
import type { ExperimentResult, SeedResult } from '../../../experiments/experiment-result.js'
import { sha256OfFile } from '../../../files/sha256.js'
import { duration, grouped } from '../../number-text.js'
import type { ReportTable } from '../../tables/table.js'
import type { ReportSection } from '../report-document.js'

/**
 * Provenance of a result.
 * @param root Base folder of the records' paths.
 * @returns The section, and the paths of missing records.
 * @throws NaptuneError for an unreadable record.
 */
export async function provenanceSection(
	{ provenance, cells, version }: ExperimentResult,
	root: string,
	experiment: boolean,
): Promise<{ readonly section: ReportSection; readonly gone: readonly string[] }> {
	const { naptune, engine, device, threads, weights, seconds } = provenance
	const seeds = new Map(cells.flatMap((cell) => cell.seeds.map((seed) => [seed.record, seed] as const)))
	const rows: { readonly seed: SeedResult; readonly sha256: string }[] = []
	const gone: string[] = []
	for (const seed of seeds.values()) {
		const path = join(root, seed.record)
		if (existsSync(path)) rows.push({ seed, sha256: await sha256OfFile(path) })
		else gone.push(seed.record)
	}
	return {
		gone,
		section: {
			id: 'provenance',
			title: 'Provenance',
			blocks: [
				{
					kind: 'definitions',
					entries: [
						{ term: 'naptune', text: naptune },
						{ term: 'engine', text: `${engine} on ${device}, ${threads} threads` },
						...(experiment ? [{ term: 'experiment', text: `version ${version}` }] : []),
						{ term: 'time', text: `${duration(seconds)} for tuning and attacks, wherever they were computed` },
						...Object.entries(weights).map(([model, sha256]) => ({
							term: `weights of ${modelTitle(model)}, SHA-256`,
							text: sha256,
							code: true,
						})),
					],
				},
				...(rows.length === 0
					? []
					: [
							{
								kind: 'details' as const,
								summary: `${grouped(rows.length)} evaluation ${rows.length === 1 ? 'record' : 'records'} with their hashes`,
								blocks: [{ kind: 'table' as const, table: recordsTable(rows) }],
							},
						]),
			],
		},
	}
}

function recordsTable(rows: readonly { readonly seed: SeedResult; readonly sha256: string }[]): ReportTable {
	return {
		name: 'records',
		title: 'Evaluation records',
		notes: [
			'Every record holds the outcome of each image; a repeated evaluation gives the same outcomes. SHA-256 of the files on disk.',
		],
		columns: [
			{ title: 'record', align: 'left' },
			{ title: 'seed', align: 'right' },
			{ title: 'images', align: 'right' },
			{ title: 'tuning', align: 'right' },
			{ title: 'attack', align: 'right' },
			{ title: 'SHA-256', align: 'left' },
		],
		rows: rows.map(({ seed, sha256 }) => ({
			cells: [
				{ text: seed.record, header: true },
				{ text: String(seed.seed) },
				{ text: grouped(seed.images) },
				{ text: seed.run === undefined && seed.tuningSeconds === 0 ? '\u2013' : duration(seed.tuningSeconds) },
				{ text: duration(seed.evaluationSeconds) },
				{ text: sha256 },
			],
		})),
	}
}
