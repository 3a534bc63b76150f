/** An inspected run, for people. */

import { at, last } from '../../core/at.js'
import type { TracedBlock } from '../../evaluation/deployed/inspect-run.js'
import type { EpochPoint } from '../../evaluation/deployed/learning-curves.js'
import type { inspect } from '../../jobs/inspect.js'
import type { JobResult } from '../../jobs/job.js'
import { familyTitle } from '../../records/names.js'
import type { CurveField } from '../../report/learning-curves-figure.js'
import { sparkline } from '../../report/sparkline.js'
import { counted, duration, grouped, percent } from './format.js'
import { type Column, textTable } from './table.js'

/** Width of a curve, in characters. */
const curveWidth = 40

type Inspection = JobResult<typeof inspect>

/** All of an inspection, in sections. */
export function inspectionText(run: Inspection): string {
	const { defense, model, data, versions, changed, preset, trace } = run
	return [
		`${run.directory}: ${standing(run)}`,
		'',
		`defense   ${defense.name} ${JSON.stringify(defense.options).replaceAll(',"', ', "')}`,
		`model     ${model.source} (${model.family === undefined ? '' : `${model.family}, `}sha256 ${model.sha256})`,
		`data      ${data.name}: ${counted(data.images, 'training image')} of ${counted(data.classNames.length, 'class', 'classes')}: ${data.classNames.join(', ')}`,
		...data.notices.map((notice) => `          note: ${notice}`),
		...(preset === null ? [] : [presetLine(preset)]),
		`settings  the paper's${changed.length === 0 ? '' : ' except'}`,
		...changed
			// The section above lists them with all others.
			.filter(({ setting }) => !setting.startsWith('defense.'))
			.map(({ setting, value, usual }) => `          ${setting} ${JSON.stringify(value)} (${JSON.stringify(usual)})`),
		`versions  naptune ${versions.naptune}, ${versions.engine} on ${versions.device}, ${versions.threads} threads`,
		'',
		...(trace.image.length === 0
			? ['The towers are ONNX graphs, which show no blocks.', '']
			: [
					'What enters each block of the image tower, B images at a time',
					'',
					traceTable(trace.image),
					'',
					'What enters each block of the text tower, all prompts',
					'',
					traceTable(trace.text),
					'',
				]),
		`Then image features [${trace.outputs.imageFeatures.join(', ')}], text features [${trace.outputs.textFeatures.join(', ')}], logits [${trace.outputs.logits.join(', ')}].`,
		'',
		parametersTable(run),
		'',
		...(run.epochs.length === 0 ? ['No epoch has finished yet.'] : [curvesTable(run.epochs)]),
		...(run.plot === undefined ? [] : ['', `The learning curves are in ${run.plot}`]),
	].join('\n')
}

function standing({ progress }: Inspection): string {
	const { finished, steps, totalSteps, epochs, totalEpochs, seconds, epochsAtChance } = progress
	const time = seconds === null ? '' : `, ${duration(seconds)}`
	const chance =
		epochsAtChance === 0
			? ''
			: ` Its last ${counted(epochsAtChance, 'epoch')} ${epochsAtChance === 1 ? 'was' : 'were'} at chance level: the parameters are worthless.`
	if (finished) return `finished, ${counted(totalEpochs, 'epoch')}, ${counted(steps, 'step')}${time}.${chance}`
	return `not finished: ${epochs} of ${counted(totalEpochs, 'epoch')} in the log, ${grouped(steps)} of ${counted(totalSteps, 'step')} saved${time}. Continue it with naptune tune --resume and the same options.${chance}`
}

function traceTable(blocks: readonly TracedBlock[]): string {
	const columns: Column[] = [
		{ heading: 'block', align: 'right' },
		{ heading: 'tokens', align: 'right' },
		{ heading: 'refined' },
		{ heading: 'prompts', align: 'right' },
		{ heading: 'prompts from' },
		{ heading: 'shape' },
	]
	const rows = blocks.map(({ block, tokens, refined, prompts, ownPrompts, shape }) => [
		String(block),
		String(tokens),
		refined ? 'yes' : 'no',
		String(prompts),
		prompts === 0 ? '' : ownPrompts ? 'own' : 'block before',
		`[${shape.join(', ')}]`,
	])
	return textTable(columns, rows)
}

function parametersTable({ parameters: { groups, total, frozen }, model: { family } }: Inspection): string {
	// Those inside of ONNX graphs are not counted.
	const counted = frozen > 0
	const columns: Column[] = [
		{ heading: 'trainable parameters' },
		{ heading: 'tensors', align: 'right' },
		{ heading: 'numbers', align: 'right' },
		...(counted ? [{ heading: "of the model's", align: 'right' } as const] : []),
	]
	const row = (name: string, tensors: string, count: number) => [
		name,
		tensors,
		grouped(count),
		...(counted ? [`${((100 * count) / frozen).toFixed(3)} %`] : []),
	]
	return textTable(columns, [
		...groups.map(({ name, tensors, count }) => row(name, String(tensors), count)),
		row('all', String(groups.reduce((sum, { tensors }) => sum + tensors, 0)), total),
		...(counted ? [row(`frozen ${familyTitle(family)}`, '', frozen)] : []),
	])
}

const fixed = (value: number) => value.toFixed(3)
const curves: readonly {
	readonly name: string
	readonly field: CurveField
	readonly format: (value: number) => string
}[] = [
	{ name: 'clean loss', field: 'cleanLoss', format: fixed },
	{ name: 'adversarial loss', field: 'adversarialLoss', format: fixed },
	{ name: 'clean accuracy', field: 'cleanAccuracy', format: percent },
	{ name: 'adversarial accuracy', field: 'adversarialAccuracy', format: percent },
	{ name: 'alpha', field: 'alpha', format: fixed },
	{ name: 'learning rate', field: 'learningRate', format: (value) => value.toExponential(1) },
]

function curvesTable(epochs: readonly EpochPoint[]): string {
	const columns: Column[] = [
		{ heading: 'on training images' },
		{ heading: epochs.length === 1 ? 'epoch 1' : `epochs 1 to ${epochs.length}` },
		...['first', 'last', 'min', 'max'].map((heading): Column => ({ heading, align: 'right' })),
	]
	const rows = curves.map(({ name, field, format }) => {
		const values = epochs.map((epoch) => epoch[field])
		const known = values.filter((value) => value !== null)
		if (known.length === 0) return [name, 'not measured by this method', '', '', '', '']
		const numbers = [at(known, 0), last(known), Math.min(...known), Math.max(...known)]
		return [name, sparkline(values, curveWidth), ...numbers.map(format)]
	})
	return textTable(columns, rows)
}

function presetLine({ name, version, overrides }: NonNullable<Inspection['preset']>): string {
	const changes = overrides.map((layer) => JSON.stringify(layer)).join(', then ')
	return `preset    ${name} (version ${version})${changes === '' ? '' : ` with ${changes}`}`
}
