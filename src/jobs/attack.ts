/** Attacks any ONNX image classifier. */

import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { z } from 'zod'
import { prepareAttack } from '../attacks/registry.js'
import { threatModel } from '../attacks/sets/threat-model.js'
import { openOnnxClassifier } from '../classifier/files/open-onnx-classifier.js'
import type { OnnxClassifierOptions } from '../classifier/onnx-file/onnx-classifier.js'
import { normalisations } from '../classifier/onnx-file/onnx-input.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { didYouMean } from '../core/nearest.js'
import { type LabelledImages, loadLabelledFolder } from '../data/folders/labelled-folder.js'
import { datasetNames, loadDataset } from '../data/registry.js'
import { isSource, sourceForms } from '../data/sources.js'
import { atMost } from '../data/subsets.js'
import { classPositions } from '../evaluation/deployed/class-positions.js'
import { recordedOnnxAttack } from '../evaluation/robustness/recorded-onnx-attack.js'
import { readJsonFile } from '../files/json-file.js'
import { didYouMeanPath } from '../files/nearest-path.js'
import { evaluationKind } from '../records/evaluation.js'
import { onnxAttackFile } from '../records/names.js'
import { modelInputSchema, onnxAttackKind, type Resizing, resizings } from '../records/onnx-attack.js'
import { norms } from '../records/parts/threat-model.js'
import { attackZeroShot } from './common/attack-zero-shot.js'
import { checkedClasses, readClassNames } from './common/class-names.js'
import { countField, dataRootField, seedField, settingsField, sizeField, unreadableField } from './common/fields.js'
import { followAttack } from './common/follow-attack.js'
import { followDownload } from './common/follow-download.js'
import { readableImages } from './common/images.js'
import { noteNotices } from './common/inputs.js'
import { protocolText } from './common/protocol-text.js'
import { stopped } from './common/stopped.js'
import { defineJob, type JobContext } from './job.js'

const { layout, range, channelOrder } = modelInputSchema.shape

/** The input of {@link attack}. */
export const attackInput = z.strictObject({
	/** The model (.onnx); or give `model`. */
	onnx: z.string().optional(),
	/** A CLIP or SigLIP that classifies zero-shot, see `model` of `tune`; options for ONNX files do not apply to it. */
	model: z.string().optional(),
	/** A folder with one folder of images per class, a manifest, a data set of the hub, or the name of a data set. */
	data: z.string(),
	/** Folder that holds the folders of named data sets. */
	dataRoot: dataRootField,
	/** Name of the attack. */
	attack: z.string().default('pgd-100'),
	/** Options of the attack that override its defaults. */
	set: settingsField,
	/** Norm of the perturbation. */
	norm: z.enum(norms).default('linf'),
	/** Size of the perturbation, such as `4/255`, or 0.5 in L2. */
	epsilon: sizeField,
	/** Number of images, balanced over the classes; by default all. */
	limit: countField.optional(),
	/** Images per batch; affects only the speed. */
	batchSize: countField.default(50),
	/** Seed of the attack and of the choice of images. */
	seed: seedField.default(1),
	/** Folder where the record is written. */
	output: z.string().default('attacks'),
	/** Order of the input's axes; by default inferred from its shape. */
	layout: layout.optional(),
	/** Range of pixels before normalisation; by default 0..1 with a normalisation, otherwise guessed. */
	range: range.optional(),
	/** Usual mean and deviation; by default none with a range, else guessed. */
	normalisation: z.enum(Object.keys(normalisations) as (keyof typeof normalisations)[]).optional(),
	/** Mean per channel, in the unit of the range; with `std`, instead of `normalisation`. */
	mean: z.array(z.number()).readonly().optional(),
	/** Deviation per channel, in the unit of the range. */
	std: z.array(z.number()).readonly().optional(),
	/** Order of the input's colour channels; by default guessed to be rgb. */
	channelOrder: channelOrder.optional(),
	/** Height and width, if the model leaves them open. */
	size: z.tuple([countField, countField]).readonly().optional(),
	/** How pictures are brought to that size. */
	resize: z.enum(Object.keys(resizings) as Resizing[]).default('crop'),
	/** Input that takes the images; by default the only one of rank 4. */
	inputName: z.string().optional(),
	/** Output that holds logits; by default `logits`, or the only output with a row per image. */
	outputName: z.string().optional(),
	/** What that output holds; by default inferred from the graph. */
	outputKind: z.enum(['logits', 'probabilities']).optional(),
	/**
	 * The class names in the model's order: a list, a file with one per line or in JSON, or names separated by commas; by
	 * default the names in the file's metadata.
	 */
	classes: z.union([z.string(), z.array(z.string()).readonly()]).optional(),
	/**
	 * Maps each class folder to its name or position in the model, directly or as a JSON file; by default folders match by
	 * name.
	 */
	classMap: z.union([z.string(), z.record(z.string(), z.union([z.string(), z.number()]))]).optional(),
	/** What to do with unreadable images: `stop`, or `exclude` them, which the job reports and records. */
	unreadable: unreadableField,
})

const record = z.string().describe('File that holds every outcome.')

/**
 * The result of {@link attack}: the record without its outcomes, for an ONNX file or a zero-shot model.
 */
export const attackResult = z.union([
	onnxAttackKind.schema.omit({ outcomes: true }).extend({ record }),
	evaluationKind.schema.omit({ outcomes: true }).extend({ record }),
])

type Input = z.output<typeof attackInput>

/**
 * Attacks any ONNX model of an image classifier with its own gradient, and counts what it still gets right. The file needs
 * no preparation; naptune guesses what it does not say about its input, and notes the guess. A stopped attack resumes where
 * it stopped.
 * @throws NaptuneError when model or data cannot be used, classes do not match, or the attack needs a class to aim at.
 */
export const attack = defineJob({
	name: 'attack',
	doc: 'Attack any ONNX image classifier, or a zero-shot CLIP or SigLIP, with its own gradient, and count what it still gets right. An ONNX file needs no preparation; naptune guesses what the file does not say about its input, and notes the guess. A stopped attack resumes where it stopped.',
	input: attackInput,
	result: attackResult,
	async run(input, context) {
		const prepared = prepareAttack(input.attack, input.set)
		if (prepared.targeted) {
			throw new NaptuneError(
				'NAP_ATTACK_UNSUITABLE',
				'A targeted attack needs a class to aim at, which only naptune evaluate accepts (--target).',
			)
		}
		const threat = threatModel(input.norm, input.epsilon)
		const { onnx, model } = input
		if (onnx === undefined) {
			if (model === undefined) {
				throw new NaptuneError('NAP_OPTION_MISSING', 'Nothing to attack: give --onnx, or --model for a CLIP or SigLIP.')
			}
			const found = await attackZeroShot({ ...input, model }, prepared, threat, context)
			const { outcomes: _, ...rest } = found.record
			return { ...rest, record: found.path }
		}
		if (model !== undefined) {
			throw new NaptuneError(
				'NAP_OPTION_CONFLICT',
				'Give either --onnx or --model, not both; the command attacks one model.',
			)
		}
		const data = await images(input, context)
		const classifier = await openOnnxClassifier(await context.engine(), onnx, await declared(input))
		try {
			const { positions, notices: labelNotices } = classPositions({
				folders: data.folders,
				classNames: classifier.classNames,
				hasNames: classifier.classNamesFrom !== 'positions',
				...defined({ mapping: await classMap(input.classMap) }),
			})
			const notices = [...data.notices, ...classifier.notices, ...labelNotices]
			noteNotices(context, notices)
			const protocol = protocolText({
				images: data.images.length,
				data: data.name,
				...threat,
				seed: input.seed,
			})
			context.onNote({ kind: 'plan', text: `${protocol}, ${prepared.name}` })
			const folder = resolve(input.output)
			context.onFolder(folder)
			const several = prepared.rounds(classifier.classNames.length).length > 1
			const follow = followAttack(context, `attacking ${basename(onnx)}`, data.images.length, several)
			const found = await recordedOnnxAttack({
				engine: await context.engine(),
				classifier,
				data,
				positions,
				resizing: input.resize,
				attack: prepared,
				threatModel: threat,
				seed: input.seed,
				batchSize: input.batchSize,
				notices,
				path: (settings) => join(folder, onnxAttackFile(settings)),
				signal: context.signal,
				onProgress: follow.tell,
			}).finally(follow.end)
			if (!found) throw stopped('Stopped. The outcomes are saved; run the same command again to resume.')
			noteNotices(context, found.record.notices.slice(notices.length))
			const { outcomes: _, ...rest } = found.record
			return { ...rest, record: found.path }
		} finally {
			await classifier.release()
		}
	},
})

async function images(input: Input, context: JobContext): Promise<LabelledImages> {
	const { data, limit, seed, unreadable } = input
	const whole =
		datasetNames.includes(data) || isSource(data) ? await namedImages(input, context) : await folderImages(data)
	const chosen = atMost(whole.images, limit, seed)
	const { dataset, split } = await readableImages(context, whole, chosen, 'chosen', unreadable)
	return { ...dataset, images: split }
}

async function folderImages(path: string): Promise<LabelledImages> {
	if (existsSync(path)) return loadLabelledFolder(path)
	throw new NaptuneError(
		'NAP_DATA_UNKNOWN',
		`${JSON.stringify(path)} is neither a known data set (${datasetNames.join(', ')}) nor an existing folder, nor ${sourceForms}.${didYouMean(path, datasetNames) || didYouMeanPath(path)}`,
	)
}

async function namedImages({ data, seed, dataRoot }: Input, context: JobContext): Promise<LabelledImages> {
	const { onProgress, end } = followDownload(context)
	const { classNames, test, notices, origin } = await loadDataset(data, { seed, root: dataRoot, onProgress }).finally(
		end,
	)
	return { name: data, folders: classNames, images: test, notices, origin }
}

async function declared(input: Input): Promise<OnnxClassifierOptions> {
	const { normalisation, mean, std, size, outputKind, classes } = input
	if ((mean === undefined) !== (std === undefined)) {
		throw new NaptuneError('NAP_OPTION_MISSING', '--mean and --std need each other; give both.')
	}
	if (mean && normalisation) {
		throw new NaptuneError('NAP_OPTION_CONFLICT', 'Give either --normalisation, or --mean with --std, not both.')
	}
	return {
		input: defined({
			layout: input.layout,
			range: input.range,
			normalisation: mean && std ? { mean, std } : normalisation,
			channelOrder: input.channelOrder,
			size,
			name: input.inputName,
		}),
		...defined({
			output: input.outputName,
			outputKind,
			classNames: classes === undefined ? undefined : checkedClasses(await namesOf(classes)),
		}),
	}
}

async function namesOf(classes: string | readonly string[]): Promise<readonly string[]> {
	return typeof classes === 'string' ? readClassNames(classes) : classes
}

async function classMap(given: Input['classMap']): Promise<Readonly<Record<string, string | number>> | undefined> {
	if (typeof given !== 'string') return given
	const parsed = z.record(z.string(), z.union([z.string(), z.number()])).safeParse(await readJsonFile(given))
	if (parsed.success) return parsed.data
	throw new NaptuneError(
		'NAP_FILE_INVALID',
		`${given} is not a JSON object from class folders to names or positions of classes.`,
	)
}
