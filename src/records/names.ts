/** Names of records, of their files and of their folders. */

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
	/** The latest saved state that was above chance and from which one further full step stayed finite. */
	lastGood: 'last-good.safetensors',
	/** Final parameters; present once the run is finished. */
	parameters: 'parameters.safetensors',
	/** Summary of the run, with the fingerprint of its parameters; written last. */
	result: 'result.json',
	/** Image features of the training images, if the inner attack runs only once. */
	bank: 'bank.safetensors',
	/** One JSON record per epoch. */
	log: 'log.jsonl',
	/** Time and memory that the run has used so far; removed once it finishes. */
	usage: 'usage.json',
	/** Correction scores of clean images. */
	calibration: 'calibration.json',
} as const

/** Folders of a run directory, each for one kind of record. */
export const runFolders = {
	evaluations: 'evaluations',
	/** Evaluations on other data, one subfolder per data set. */
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

/** The manifest of a store of adversarial images. */
export const manifestFile = 'manifest.json'

/** The parts of a name that distinguish records in one folder. */
export interface NamedRecord {
	/** What was measured and how, such as `nap+ttc-pgd-100`. */
	readonly subject: string
	readonly threatModel: ThreatModel
	/** Name of the split or of another choice of images; missing if there is only one. */
	readonly split?: string
	readonly images: number
	readonly seed: number
	/** Anything else that may change its numbers; JSON. */
	readonly other?: unknown
}

/** A file name that differs whenever the numbers may. */
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

/** A name, followed by the fingerprint of options if they are not the defaults. */
export function withOptions(name: string, options: unknown): string {
	return options === undefined ? name : `${name}-${shortFingerprint(options)}`
}

/** The file name of the record of an attack on an ONNX model; the model's place does not matter. */
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

/** The name of a defense with its test-time defense: `nap + ttc`. */
export function modelName(model: {
	readonly defense: { readonly name: string }
	readonly testTime?: { readonly name: string } | undefined
}): string {
	return model.testTime ? `${model.defense.name} + ${model.testTime.name}` : model.defense.name
}

/** A model's name without its folder or owner on the hub, followed by its options: `ViT-B-32.pt + fare.pt`. */
export function modelTitle(name: string): string {
	const mark = name.indexOf('?')
	if (mark < 0) return basename(name)
	// Show files among the options by their names only.
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
