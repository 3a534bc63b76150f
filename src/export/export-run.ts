/** From a finished run to a folder that programs load: graphs are written, measured as they lie on the disk, and described. */

import { stat } from 'node:fs/promises'
import { basename, isAbsolute, join } from 'node:path'
import { prepareAttack } from '../attacks/registry.js'
import { isEmbedded } from '../checkpoints/checkpoint.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { defenses } from '../defenses/registry.js'
import { settingsOf } from '../evaluation/robustness/recorded-evaluation.js'
import { sha256OfFile } from '../files/sha256.js'
import { isHubId } from '../hub/hub-id.js'
import type { EvaluationSettings } from '../records/evaluation.js'
import { type ExportRecord, exportForm } from '../records/export.js'
import { modelTitle } from '../records/names.js'
import { writeRecord } from '../records/record-kind.js'
import type { Checkpoint } from '../vlm/model.js'
import { towersOf } from '../vlm/towers.js'
import { modelCard } from './card.js'
import { exportClassifier } from './classifier-export.js'
import { exportClipWeights } from './clip-weights-export.js'
import type { ExportInput, MadeExport } from './export-input.js'
import { exportFile, placeFolder, writeFiles } from './folder.js'
import { exportAttack } from './measure-classifier.js'
import { textFile } from './model-message.js'
import { exportZeroShot } from './zero-shot-export.js'

/**
 * Exports a run.
 * @returns What `export.json` holds.
 * @throws NaptuneError when the file is worse than the run, or its logits are not finite, when the folder cannot be written,
 * and with code NAP_STOPPED when the signal stopped it. Nothing is written then.
 */
export async function exportRun(input: ExportInput): Promise<ExportRecord> {
	const { output, run, options } = input
	return placeFolder(output, async (staging) => {
		const { graphs, measured, files, saved = [], text } = await made(input, staging)
		requireSound(measured, run.defense.classNames.length, options.maxDrop)
		const { settings, described } = descriptionOf(input)
		const record: Omit<ExportRecord, 'files'> = {
			format: 1,
			kind: 'export',
			task: options.task,
			layout: options.layout,
			dtype: options.dtype,
			preprocess: options.preprocess,
			classNames: [...run.defense.classNames],
			graphs,
			...defined({ providers: provenProviders(options) }),
			image: {
				size: run.clip.config.vision.imageSize,
				mean: [...run.clip.statistics.mean],
				std: [...run.clip.statistics.std],
			},
			...defined({
				probabilities: towersOf(run.clip.config).probabilities === 'sigmoid' ? ('sigmoid' as const) : undefined,
				text,
			}),
			...described,
			measured: {
				dataset: withoutFolders(settings.dataset),
				parity: measured.parity,
				...defined({ preparation: measured.preparation, pipelines: measured.pipelines }),
				attack: settings.attack,
				threatModel: settings.threatModel,
				seed: settings.seed,
				clean: measured.clean,
				robust: measured.robust,
				...defined({ reference: measured.reference }),
				how: measured.how,
				versions: settings.versions,
			},
		}
		const card = modelCard({ record: { ...record, files: {} }, ...cardFacts(input) })
		await writeFiles(staging, [...files, textFile('README.md', card)])
		const written = [...graphFiles(graphs), ...saved, ...files.map(({ path }) => path), 'README.md']
		const whole: ExportRecord = { ...record, files: await checksums(staging, written) }
		await writeRecord(exportForm, join(staging, exportFile), whole)
		return whole
	})
}

/**
 * Where graphs of a kind are known to run. WebGPU resizes without antialiasing, so that it refuses graphs that prepare pictures;
 * its float16 needs the feature shader-f16, which no adapter of the tests had.
 */
export function provenProviders({
	layout,
	dtype,
	preprocess,
}: Pick<ExportInput['options'], 'layout' | 'dtype' | 'preprocess'>): ExportRecord['providers'] {
	if (layout === 'transformers') return undefined
	return dtype === 'fp32' && preprocess === 'outside' ? ['cpu', 'wasm', 'webgpu'] : ['cpu', 'wasm']
}

function made(input: ExportInput, staging: string): Promise<MadeExport> {
	const { layout, task } = input.options
	if (layout === 'transformers') return exportClipWeights(input, staging)
	return task === 'classifier' ? exportClassifier(input, staging) : exportZeroShot(input, staging)
}

function descriptionOf({ engine, run, dataset, split, threatModel, seed, calibration, preset }: ExportInput) {
	const { clip, defense, parameters } = run
	const attack = prepareAttack(exportAttack)
	const settings = settingsOf({
		engine,
		clip,
		dataset,
		splitName: 'test',
		split,
		defense,
		parameters,
		attack,
		threatModel,
		seed,
	})
	const described: Pick<ExportRecord, 'calibration' | 'run'> = {
		...defined({
			calibration: calibration && {
				split: calibration.key.split,
				images: calibration.key.images,
				scores: calibration.scores,
			},
		}),
		run: {
			source: basename(run.directory),
			model: { ...settings.model, source: modelTitleOf(run) },
			defense: settings.defense,
			trainedEpsilon: run.trainedEpsilon,
			preset,
		},
	}
	return { settings, described }
}

/** Data by their names: where they lie on this machine is nobody else's business, and a folder may be published. */
function withoutFolders(dataset: EvaluationSettings['dataset']): EvaluationSettings['dataset'] {
	const { name, origin, notices, ...images } = dataset
	const path = 'path' in origin && typeof origin.path === 'string' ? origin.path : undefined
	if (path === undefined) return dataset
	return {
		name: isAbsolute(name) ? basename(name) : name,
		origin: Object.assign({}, origin, { path: basename(path) }),
		notices: notices.map((notice) => notice.replaceAll(path, basename(path))),
		...images,
	}
}

/** The base model as the hub calls it, or by the name of its folder. */
function modelTitleOf({ clip: { checkpoint } }: ExportInput['run']): string {
	return isOnHub(checkpoint) ? checkpoint.source : modelTitle(checkpoint.source)
}

function isOnHub(checkpoint: Checkpoint): boolean {
	return isHubId(checkpoint.source) && !isEmbedded(checkpoint)
}

function cardFacts({ run, evaluations, options }: ExportInput) {
	const { checkpoint } = run.clip
	const { doc, source } = defenses.get(run.defense.name) ?? { doc: '', source: '' }
	return {
		evaluations,
		method: { doc, source },
		license: options.license ?? (isEmbedded(checkpoint) ? 'mit' : undefined),
		baseModel: modelTitleOf(run),
		onHub: isOnHub(checkpoint),
	}
}

/** Rounding alone keeps below these; anything beyond is another model. */
const parityLimits = { relativeL2: 1e-4, labelAgreement: 0.99 }

/** @throws NaptuneError when a file is worse than the run it was made of. */
export function requireSound(
	{ parity, clean, robust, reference }: MadeExport['measured'],
	classes: number,
	maxDrop: number,
): void {
	if (clean.interval[0] <= 1 / classes) {
		throw refused(
			`it classifies ${(100 * clean.accuracy).toFixed(1)} % of clean images correctly, no better than chance for ${classes} classes. Tune longer, or measure on more images (--images)`,
		)
	}
	if (!reference) {
		if (parity.relativeL2 <= parityLimits.relativeL2 && parity.labelAgreement >= parityLimits.labelAgreement) return
		throw refused(
			`its logits differ from the run's by ${parity.relativeL2.toExponential(1)} relative L2, ${(100 * parity.labelAgreement).toFixed(1)} % of the labels agree; rounding alone stays below ${parityLimits.relativeL2}. Report this with the run's config`,
		)
	}
	for (const [what, found, before] of [
		['clean', clean, reference.clean],
		['robust', robust, reference.robust],
	] as const) {
		const drop = before.accuracy - found.accuracy
		if (drop <= maxDrop) continue
		throw refused(
			`its ${what} accuracy is ${(100 * drop).toFixed(1)} points below the run's (${(100 * before.accuracy).toFixed(1)} % in float32), more than the ${100 * maxDrop} allowed. Export in fp32, or allow more with --max-drop`,
		)
	}
}

function refused(reason: string): NaptuneError {
	return new NaptuneError('NAP_EXPORT_REFUSED', `The model was not exported: ${reason}. Nothing was written.`)
}

/** Graphs with the files of their weights, where they have some. */
function graphFiles(graphs: ExportRecord['graphs']): string[] {
	return graphs.flatMap(({ file }) => [file, `${file}_data`])
}

async function checksums(folder: string, names: readonly string[]): Promise<ExportRecord['files']> {
	const found: Record<string, { bytes: number; sha256: string }> = {}
	for (const name of [...names].sort()) {
		const path = join(folder, name)
		const status = await stat(path).catch(() => undefined)
		if (status) found[name] = { bytes: status.size, sha256: await sha256OfFile(path) }
	}
	return found
}
