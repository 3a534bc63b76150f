/** Describes the tuning run itself in a report. */

import type { RunInspection } from '../../../evaluation/deployed/inspect-run.js'
import { familyTitle, withFamily } from '../../../records/names.js'
import { counted, duration, grouped } from '../../number-text.js'
import type { ReportTable } from '../../tables/table.js'
import type { Block, Definition, ReportSection } from '../report-document.js'
import { paragraph } from './report-parts.js'

/** A run in a few lines. */
export function runFacts({ model, data, progress, parameters, defense, preset }: RunInspection): Definition[] {
	return [
		{ term: 'Model', text: withFamily(model.source, model.family) },
		{
			term: 'Method',
			text: `${defense.name}, ${grouped(parameters.total)} trainable parameters beside ${grouped(parameters.frozen)} frozen ones`,
		},
		{
			term: 'Data set',
			text: `${data.name}, ${counted(data.images, 'training image')} of ${counted(data.classNames.length, 'class', 'classes')}`,
		},
		...(preset ? [{ term: 'Preset', text: `${preset.name}, version ${preset.version}` }] : []),
		{
			term: 'Tuned for',
			text: `${progress.epochs} of ${counted(progress.totalEpochs, 'epoch')}, ${grouped(progress.steps)} of ${counted(progress.totalSteps, 'step')}${progress.seconds === null ? '' : `, ${duration(progress.seconds)}`}`,
		},
	]
}

/** The state of a run, if readers must know it. */
export function standingBlocks({ progress: { epochsAtChance } }: RunInspection): Block[] {
	if (epochsAtChance === 0) return []
	const text = `The last ${counted(epochsAtChance, 'epoch')} of the run ${epochsAtChance === 1 ? 'was' : 'were'} at chance: its parameters are worthless.`
	return [{ kind: 'paragraph', text, tone: 'problem' }]
}

/** Trainable parameters by part. */
export function parametersTable({ parameters: { groups, total, frozen } }: RunInspection): ReportTable {
	const row = (name: string, tensors: string, count: number) => ({
		cells: [
			{ text: name, header: true },
			{ text: tensors },
			{ text: grouped(count), value: count },
			...(frozen > 0 ? [{ text: `${((100 * count) / frozen).toFixed(3)} %` }] : []),
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
			...(frozen > 0 ? [{ title: "share of the model's", align: 'right' } as const] : []),
		],
		rows: [
			...groups.map(({ name, tensors, count }) => row(name, String(tensors), count)),
			row('all', String(groups.reduce((sum, { tensors }) => sum + tensors, 0)), total),
		],
	}
}

/** Settings that differ from the paper's. */
export function changesBlocks({ changed }: RunInspection): Block[] {
	if (changed.length === 0) return [paragraph("All settings are the paper's.")]
	const text = (value: unknown) =>
		value === null ? '\u2013' : typeof value === 'string' ? value : JSON.stringify(value)
	return [
		{
			kind: 'table',
			table: {
				name: 'changes',
				title: "Settings that differ from the paper's",
				notes: [],
				columns: ['setting', 'here', 'usual'].map((title) => ({ title, align: 'left' })),
				rows: changed.map(({ setting, value, usual }) => ({
					cells: [{ text: setting, header: true }, { text: text(value) }, { text: text(usual) }],
				})),
			},
		},
	]
}

/** Versions, weights and data of a run. */
export function runProvenance({ versions, model, directory, data }: RunInspection): ReportSection {
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
					...(model.family === undefined ? [] : [{ term: 'its family', text: familyTitle(model.family) }]),
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
