/** Names of records, of their files and of the folders that hold them. */

import { basename } from 'node:path'
import { shortFingerprint } from './fingerprint.js'
import type { OnnxAttackSettings } from './onnx-attack.js'
import { sizeText } from './parts/size-text.js'
import type { ThreatModel } from './parts/threat-model.js'

/** Files of a run directory. */
export const runFiles = {
	/** Configuration, environment and data of the run. */
	description: 'run.json',
	/** Parameters and optimizer state after the last saved step. */
	state: 'state.safetensors',
	/** The latest saved state from which a whole further step was finite and that was not at chance. */
	lastGood: 'last-good.safetensors',
	/** Final parameters; present once the run is finished. */
	parameters: 'parameters.safetensors',
	/** How the run went, with the fingerprint of its parameters; written last. */
	result: 'result.json',
	/** Image features of the training images, where the inner attack is made once. */
	bank: 'bank.safetensors',
	/** One JSON record per epoch. */
	log: 'log.jsonl',
	/** Time and memory that the run took so far; gone once it is finished. */
	usage: 'usage.json',
	/** Correction scores of clean images. */
	calibration: 'calibration.json',
} as const

/** Folders of a run directory, each of records of one kind. */
export const runFolders = {
	evaluations: 'evaluations',
	/** Evaluations on other data, in a folder for each. */
	transfer: 'transfer',
	audits: 'audits',
	distortion: 'distortion',
	gallery: 'gallery',
	/** The fine-tuned model as a checkpoint of its own. */
	checkpoint: 'checkpoint',
	retrieval: 'retrieval',
	detection: 'detection',
} as const

/** The result of an experiment in its folder. */
export const experimentFile = 'result.json'

/** What a store of adversarial images says of how they came about. */
export const manifestFile = 'manifest.json'

/** What tells records of one folder apart by name. */
export interface NamedRecord {
	/** What was measured and how, such as `nap+ttc-pgd-100`. */
	readonly subject: string
	readonly threatModel: ThreatModel
	/** Name of the split, or of another choice of images; missing where there is but one. */
	readonly split?: string
	readonly images: number
	readonly seed: number
	/** What else its numbers may differ by; JSON. */
	readonly other?: unknown
}

/** A file name that differs where the numbers may. */
export function recordFile({ subject, threatModel, split, images, seed, other }: NamedRecord): string {
	const parts = [
		subject,
		threatModel.norm,
		sizeText(threatModel).replace('/', '-'),
		...(split === undefined ? [] : [split]),
		images,
		`seed${seed}`,
		...(other === undefined ? [] : [shortFingerprint(other)]),
	]
	return `${parts.join('-')}.json`
}

/** A name with the fingerprint of options that are not the usual ones behind it. */
export function withOptions(name: string, options: unknown): string {
	return options === undefined ? name : `${name}-${shortFingerprint(options)}`
}

/** The file of the record of an attack on an ONNX model; where that lies decides nothing. */
export function onnxAttackFile(settings: OnnxAttackSettings): string {
	const { source, ...model } = settings.model
	const { attack, threatModel, seed, dataset } = settings
	return recordFile({
		subject: `${basename(source, '.onnx')}-${attack.name}`,
		threatModel,
		images: dataset.images,
		seed,
		other: { ...settings, model },
	})
}

/** A defense by its name, with what is around it: `nap + ttc`. */
export function modelName(model: {
	readonly defense: { readonly name: string }
	readonly testTime?: { readonly name: string } | undefined
}): string {
	return model.testTime ? `${model.defense.name} + ${model.testTime.name}` : model.defense.name
}

/** A model's name without the folder it lies in or the owner on the hub, and what is said beside it: `ViT-B-32.pt + fare.pt`. */
export function modelTitle(name: string): string {
	const mark = name.indexOf('?')
	if (mark < 0) return basename(name)
	// What is said beside the place: files by their names.
	const said = [...new URLSearchParams(name.slice(mark + 1))].map(([, value]) => basename(value))
	return [basename(name.slice(0, mark)), ...said].filter((part) => part !== '').join(' + ')
}

const familyTitles: Readonly<Record<string, string>> = {
	open_clip: 'CLIP of open_clip',
	openai: 'CLIP of OpenAI',
	siglip: 'SigLIP',
	encoders: 'ONNX encoders',
}

/** What kind of model a record is of. @param family As in records; missing for transformers' CLIP. */
export function familyTitle(family: string | undefined): string {
	return family === undefined ? 'CLIP' : (familyTitles[family] ?? family)
}

/** A model's name with its family, where it is not transformers' CLIP. */
export function withFamily(name: string, family: string | undefined): string {
	return family === undefined ? name : `${name} (${familyTitle(family)})`
}

/** A name as part of a path. */
export function slug(name: string): string {
	return name.replaceAll(/[^A-Za-z0-9.-]+/g, '-')
}
