/** The model card of an export: README.md with the front matter of the Hugging Face hub, made of records alone. */

import type { EvaluationRecord } from '../records/evaluation.js'
import type { ExportRecord } from '../records/export.js'
import { modelName } from '../records/names.js'
import type { Accuracy } from '../records/parts/accuracy.js'
import { knowledgeLevels } from '../records/parts/attack.js'
import { sizeText } from '../records/parts/size-text.js'
import { intervalText, normText, percentText } from '../report/number-text.js'
import { usageText } from './card-usage.js'

/** What the card is made of. */
export interface CardInput {
	readonly record: ExportRecord
	/** Evaluations of the run, its control among them. */
	readonly evaluations: readonly EvaluationRecord[]
	/** Doc line and source of the method. */
	readonly method: { readonly doc: string; readonly source: string }
	/** Licence of the base model, as an identifier of the hub. */
	readonly license?: string | undefined
	/** Name of the base model, such as an id of the hub; its folder is nobody else's business. */
	readonly baseModel: string
	/** Whether `baseModel` is an id of the hub. */
	readonly onHub: boolean
}

/** The content of the card. */
export function modelCard(input: CardInput): string {
	const { record, method, baseModel, license } = input
	const { measured, run } = record
	const threat = `${normText(measured.threatModel.norm)} ${sizeText(measured.threatModel)}`
	return `${[
		frontMatter(input),
		`# ${baseModel} hardened by ${run.defense.name} on ${measured.dataset.name}`,
		`${record.task === 'classifier' ? 'An image classifier' : `A ${run.model.family === 'siglip' ? 'SigLIP' : 'CLIP'} for zero-shot classification`} that was tuned against adversarial images, exported by naptune ${measured.versions.naptune}. On ${measured.dataset.images} test images it classifies ${accuracyText(measured.clean)} right, and ${accuracyText(measured.robust)} under an attack of ${threat} (${measured.attack.name}, white box).`,
		usageText(record),
		'## Method',
		`${method.doc} ${run.defense.trainableParameters.toLocaleString('en')} parameters were trained; those of ${baseModel} stay as they are. Source: ${method.source}. Tuned against perturbations of ${normText('linf')} ${sizeText({ norm: 'linf', epsilon: run.trainedEpsilon })}${run.preset === null ? '' : ` by preset \`${run.preset}\``}.`,
		'## Results',
		table(input),
		'Intervals are 95 % Wilson intervals over images. All images count: one that is wrong when clean is wrong under attack.',
		'## Protocol',
		list([
			`Data: ${measured.dataset.images} images of the ${measured.dataset.split} split of ${measured.dataset.name}, balanced over ${record.classNames.length} classes; SHA-256 of their ids \`${measured.dataset.ids.slice(0, 16)}…\`.`,
			...measured.dataset.notices,
			`Attack: ${measured.attack.name}, ${threat}, options \`${JSON.stringify(measured.attack.options)}\`, seed ${measured.seed}.`,
			measured.how,
			`The file against the run: largest difference of a logit ${scientific(measured.parity.largestLogitDifference)}, relative L2 ${scientific(measured.parity.relativeL2)}, same class on ${percentText(measured.parity.labelAgreement)} of ${measured.parity.images} images.`,
			...preparationLines(record),
		]),
		'## Threat model',
		`The attacker knows ${knowledgeLevels.full}, and may change every pixel of the image that the model reads by at most ${sizeText(measured.threatModel)} (${normText(measured.threatModel.norm)}, pixels in [0, 1]). Nothing is claimed of larger perturbations, other norms, patches, rotations or corruptions, nor of attackers who adapt in other ways than the attack above.`,
		'## Limits',
		list([
			'Robust accuracy is an upper bound: a stronger attack (AutoAttack, more steps or restarts) may find more.',
			`It was measured on ${measured.dataset.name}; on other pictures and classes it can be lower.`,
			resizingText(record),
			...(record.calibration
				? [
						'The correction score tells unusual pictures; it is no defense, since an attacker who knows it can evade it.',
					]
				: []),
			...(record.task === 'zero-shot'
				? ['Robustness was measured for the classes above; for other classes it has to be measured again.']
				: []),
		]),
		'## Licence',
		license === undefined
			? `The weights are those of ${baseModel}, whose licence applies; it is not recorded here. Look it up before you publish this folder.`
			: `The weights are those of ${baseModel}, under the licence \`${license}\`. What was trained is under the same licence.`,
		'## Provenance',
		list([
			`Base weights: SHA-256 \`${run.model.sha256}\`.`,
			`Trained parameters: SHA-256 \`${run.defense.parameters}\`.`,
			`Engine: ${measured.versions.engine} on ${measured.versions.device}.`,
			'`export.json` holds all of this, with the checksum of every file.',
		]),
	].join('\n\n')}\n`
}

function frontMatter({ record, license, baseModel, onHub }: CardInput): string {
	const lines = [
		`license: ${license ?? 'other'}`,
		...(license === undefined ? ['license_name: that-of-the-base-model'] : []),
		...(onHub ? [`base_model: ${baseModel}`] : []),
		`library_name: ${record.layout === 'hub' ? 'transformers.js' : record.layout}`,
		`pipeline_tag: ${record.task === 'classifier' ? 'image-classification' : 'zero-shot-image-classification'}`,
		'tags:',
		...[
			...(record.layout === 'transformers' ? [] : ['onnx']),
			'clip',
			'adversarial-robustness',
			record.run.defense.name,
			'naptune',
		].map((tag) => `- ${tag}`),
	]
	return ['---', ...lines, '---'].join('\n')
}

function table({ record, evaluations }: CardInput): string {
	const { measured } = record
	const rows = [
		['this export', measured.attack.name, sizeText(measured.threatModel), 'full', measured.dataset.images, measured],
		...(measured.reference
			? [
					[
						'the run in float32',
						measured.attack.name,
						sizeText(measured.threatModel),
						'full',
						measured.dataset.images,
						measured.reference,
					] as const,
				]
			: []),
		...evaluations.map(
			(found) =>
				[
					modelName(found),
					found.attack.name,
					sizeText(found.threatModel),
					found.knowledge,
					found.images,
					found,
				] as const,
		),
	] as const
	return [
		'| model | attack | size | attacker knows | images | clean | robust |',
		'|---|---|---|---|---|---|---|',
		...rows.map(
			([model, attack, size, knowledge, images, { clean, robust }]) =>
				`| ${[model, attack, size, knowledge, images, accuracyText(clean), accuracyText(robust)].join(' | ')} |`,
		),
	].join('\n')
}

/** What another resizing costs. */
function resizingText({ measured: { pipelines } }: ExportRecord): string {
	const advice =
		'Pictures should be resized as naptune does (Pillow). Other resizing, such as that of a browser, changes pixels by several grey levels, and with them predictions near a boundary.'
	if (!pipelines) return advice
	const { resized, enlarged = 0, images, pillow } = pipelines
	if (resized === 0) return `${advice} None of the images measured here had to be resized.`
	const which = enlarged > 0 ? `, ${enlarged} of them enlarged first, since they had the size of the model` : ''
	const prepared = `Prepared by the pipelines of transformers.js in Node.js (${resized} of ${images} images resized${which}), ${percentText(pipelines.differingPixels)} of the bytes differ, by up to ${pipelines.largestDifference} grey levels: ${percentText(pipelines.labelAgreement)} of the labels agree, ${accuracyText(pipelines.clean)} are right, and ${accuracyText(pipelines.robust)} under the attack above.`
	const beside = pillow
		? ` Prepared by naptune, ${accuracyText(pillow.clean)} of the same images are right, and ${accuracyText(pillow.robust)} under attack.`
		: ''
	return `${advice} ${prepared}${beside}`
}

function preparationLines({ measured: { preparation } }: ExportRecord): string[] {
	if (!preparation) return []
	return [
		`Preparation inside the graph against Pillow's: ${percentText(preparation.differingPixels)} of the bytes differ, by at most ${preparation.largestDifference} grey levels; same class on ${percentText(preparation.labelAgreement)} of ${preparation.images} images.`,
	]
}

function accuracyText({ accuracy, interval }: Accuracy): string {
	return `${percentText(accuracy)} ${intervalText(interval)}`
}

function scientific(value: number): string {
	return value === 0 ? '0' : value.toExponential(1)
}

function list(lines: readonly string[]): string {
	return lines.map((line) => `- ${line}`).join('\n')
}
