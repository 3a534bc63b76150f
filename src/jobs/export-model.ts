/** Exports a finished run as a folder that other programs load. */

import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { threatModel } from '../attacks/sets/threat-model.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { deployedClassifier } from '../evaluation/deployed/deployed-classifier.js'
import type { TunedRun } from '../evaluation/deployed/tuned-run.js'
import { type Calibration, calibrate, hasCorrections } from '../evaluation/detection/recorded-calibration.js'
import { readEvaluationRecord } from '../evaluation/robustness/record.js'
import { exportRun } from '../export/export-run.js'
import { checkExportFolder, exportFile } from '../export/folder.js'
import { hubSettings } from '../hub/hub-settings.js'
import type { EvaluationRecord } from '../records/evaluation.js'
import { exportForm, exportLayouts, exportPrecisions, exportTasks, preprocessPlaces } from '../records/export.js'
import { runFiles, runFolders } from '../records/names.js'
import { readRecord } from '../records/record-kind.js'
import { runDescriptionForm, runResultForm } from '../records/run.js'
import { countField, epsilonField, runFields, seedField } from './common/fields.js'
import { chosenImages, noteNotices, tunedRun } from './common/inputs.js'
import { stopIfAsked } from './common/stopped.js'
import { defineJob, type JobContext, startTask } from './job.js'

/** The input of {@link exportModel}. */
export const exportInput = z.strictObject({
	...runFields,
	/** Folder to write. */
	output: z.string(),
	/** `classifier`: pixels to logits of the run's classes. */
	task: z.enum(exportTasks).default('classifier'),
	/** Which programs the folder is for. */
	layout: z.enum(exportLayouts).default('onnx'),
	/** Element type of weights and arithmetic. */
	dtype: z.enum(exportPrecisions).default('fp32'),
	/** Where preprocessing happens: in the program, or in the graph. */
	preprocess: z.enum(preprocessPlaces).default('outside'),
	/** Whether a classifier also outputs probabilities. */
	probabilities: z.boolean().default(false),
	/** Whether a classifier also outputs how heavily an image was corrected. */
	correctionScore: z.boolean().default(false),
	/** Number of test images to measure the files on, balanced over the classes. */
	images: countField.default(200),
	/** L-infinity size of the attack; by default that of the run. */
	epsilon: epsilonField.optional(),
	/** Seed of the attack and of the choice of images. */
	seed: seedField.default(1),
	/** Images per batch; affects only the speed. */
	batchSize: countField.default(50),
	/** Largest drop in accuracy, clean or under attack, that files of lower precision may cost. */
	maxDrop: z.number().min(0).max(1).default(0.01),
	/** Licence of the base model for the model card, in the hub's notation, such as `mit`. */
	license: z.string().optional(),
	/** Repository of the hub, `owner/name`, to which to push the export as well; created if it does not exist. */
	push: z.string().optional(),
	/** Whether a repository created for the push is private. */
	private: z.boolean().default(false),
	/** Replace an export that the folder already holds. */
	force: z.boolean().default(false),
})

/** The result of {@link exportModel}. */
export const exportResult = exportForm.schema.omit({ calibration: true }).extend({
	output: z.string().describe('The written folder; its `export.json` holds the same fields.'),
	pushed: z.object({ url: z.string(), commit: z.string() }).exactOptional().describe('Where on the hub the push went.'),
})

type Input = z.output<typeof exportInput>

/**
 * Exports a tuned model as files that onnxruntime and transformers.js load, and measures them before it puts them in place.
 * @throws NaptuneError when the run is worthless or unfinished, the files would be worse than allowed, or the folder holds
 * something that the export must not replace.
 */
export const exportModel = defineJob({
	name: 'export-model',
	doc: 'Export a tuned model as files that onnxruntime and transformers.js load. Measures the files themselves, clean and under attack, before it puts them in place, and writes a model card from the records.',
	input: exportInput,
	result: exportResult,
	async run(input, context) {
		const output = resolve(input.output)
		refuseConflicts(input)
		if (input.push !== undefined) (await pushing()).checkPush(input.push, hubSettings())
		await checkExportFolder(output, input.force)
		const run = await tunedRun(context, input)
		const description = await readRecord(runDescriptionForm, join(run.directory, runFiles.description))
		await requireTuned(run)
		const dataset = await run.dataset()
		noteNotices(context, dataset.notices)
		const split = chosenImages(dataset, { split: 'test', limit: input.images, seed: input.seed })
		context.onFolder(output)
		const engine = await context.engine()
		const measured = startTask(context, 'attacking the export', split.length, 'images')
		const { calibration: _, ...record } = await exportRun({
			engine,
			run,
			dataset,
			split,
			threatModel: threatModel('linf', input.epsilon ?? run.protocol.epsilon),
			seed: input.seed,
			batchSize: input.batchSize,
			options: { ...input, license: input.license },
			...defined({ calibration: await calibrationOf(run, input, context) }),
			evaluations: await evaluationsOf(run),
			preset: description.preset?.name ?? null,
			output,
			signal: context.signal,
			onProgress: (what, { done, underWay, total }) =>
				measured.update(Math.min(total, Math.floor(done + underWay)), what),
		}).finally(measured.end)
		if (input.push === undefined) return { ...record, output }
		const names = [...Object.keys(record.files), exportFile]
		const options = { isPrivate: input.private, signal: context.signal }
		const { pushExport } = await pushing()
		return { ...record, output, pushed: await pushExport(output, names, input.push, hubSettings(), options) }
	},
})

/** Loads the large hub library only for a push. */
function pushing(): Promise<typeof import('../export/push.js')> {
	return import('../export/push.js')
}

/** @throws NaptuneError for a run with worthless parameters. */
async function requireTuned({ directory, defense }: TunedRun): Promise<void> {
	if (defense.parameters.size === 0) return
	const path = join(directory, runFiles.result)
	if (!existsSync(path)) {
		throw new NaptuneError(
			'NAP_EXPORT_REFUSED',
			`The run in ${directory} was not exported: its ${runFiles.result} is missing, so damage to the parameters would go unnoticed. Restore the file, or tune again.`,
		)
	}
	const { epochsAtChance } = await readRecord(runResultForm, path)
	if (epochsAtChance === 0) return
	throw new NaptuneError(
		'NAP_EXPORT_REFUSED',
		`The run in ${directory} was not exported: its last ${epochsAtChance} epochs were no better than guessing, so its parameters are worthless. Tune again with a lower learning rate.`,
	)
}

/** The calibration of a run with correction scores; undefined for a run that corrects nothing. */
async function calibrationOf(
	run: TunedRun,
	{ correctionScore }: Input,
	context: JobContext,
): Promise<Calibration | undefined> {
	if (!correctionScore) return undefined
	const classifier = await deployedClassifier(await context.engine(), run.clip, run.defense, run.parameters)
	try {
		if (!hasCorrections(classifier)) {
			throw new NaptuneError(
				'NAP_OPTION_CONFLICT',
				`${run.defense.name} as tuned in ${run.directory} changes no image tokens, so there is no correction to score. Omit --correction-score.`,
			)
		}
		context.onFolder(run.directory)
		return await calibrate({
			run,
			classifier,
			onNotice: (text) => context.onNote({ kind: 'note', text }),
			beforeBatch: () => stopIfAsked(context),
		})
	} finally {
		await classifier.release()
	}
}

/** Evaluations of the run on its own data, sorted by name. */
async function evaluationsOf({ directory }: TunedRun): Promise<EvaluationRecord[]> {
	const folder = join(directory, runFolders.evaluations)
	if (!existsSync(folder)) return []
	const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort()
	return Promise.all(names.map((name) => readEvaluationRecord(join(folder, name))))
}

/** @throws NaptuneError for options that cancel each other. */
function refuseConflicts({ task, layout, preprocess, probabilities, correctionScore }: Input): void {
	const conflict = (message: string) => new NaptuneError('NAP_OPTION_CONFLICT', message)
	if (task === 'zero-shot') {
		const given = [
			...(preprocess === 'inside' ? ['--preprocess inside'] : []),
			...(probabilities ? ['--probabilities'] : []),
			...(correctionScore ? ['--correction-score'] : []),
		]
		if (given.length > 0)
			throw conflict(`${given.join(' and ')} applies only to classifiers; omit it with --task zero-shot.`)
	}
	if (layout === 'transformers' && task === 'classifier') {
		throw conflict('Layout transformers holds a CLIP for any classes; add --task zero-shot.')
	}
	if (preprocess === 'inside' && layout !== 'onnx') {
		throw conflict(
			`Pipelines that load layout ${layout} preprocess pictures themselves; --preprocess inside needs --layout onnx.`,
		)
	}
}
