/**
 * Attacks one picture and shows it before, after and as a difference, with what vanilla CLIP and a tuned run see in each.
 */

import { basename, extname, join, resolve } from 'node:path'
import { z } from 'zod'
import type { PreparedAttack } from '../attacks/attack-definition.js'
import { prepareAttack } from '../attacks/registry.js'
import { sizeText } from '../attacks/sets/size-text.js'
import { type ThreatModel, threatModel } from '../attacks/sets/threat-model.js'
import { at } from '../core/at.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { didYouMean } from '../core/nearest.js'
import { loadDataset } from '../data/registry.js'
import { zeroShotTemplate } from '../data/templates.js'
import { prepareDefense } from '../defenses/registry.js'
import { controlDefense } from '../evaluation/deployed/control.js'
import type { DeployedModel } from '../evaluation/deployed/deployed-classifier.js'
import { attackPhoto as attackOnePhoto, type PhotoAttack } from '../evaluation/photo/attack-photo.js'
import { writeFileAtomic } from '../files/atomic-write.js'
import { makeFolder } from '../files/make-folder.js'
import { type DecodedImage, decodeImage } from '../images/decode.js'
import { runFiles, slug } from '../records/names.js'
import { count, seconds, share } from '../records/parts/fields.js'
import { norms, threatModelSchema } from '../records/parts/threat-model.js'
import { readRecord } from '../records/record-kind.js'
import { runDescriptionForm } from '../records/run.js'
import { normText, percentText } from '../report/number-text.js'
import {
	differenceFactor,
	differencePng,
	imagePng,
	pixelsPng,
	type SheetCell,
	sheetCellSize,
	sheetPng,
	sightLine,
} from '../report/photo-pictures.js'
import { checkedClasses, readClassNames } from './common/class-names.js'
import {
	countField,
	dataField,
	dataRootField,
	modelField,
	seedField,
	settingsField,
	sizeField,
} from './common/fields.js'
import { loadModel, tunedRun } from './common/inputs.js'
import { stopped } from './common/stopped.js'
import { defineJob, type JobContext, startTask } from './job.js'

/** The input of {@link attackPhoto}. */
export const attackPhotoInput = z.strictObject({
	/** A JPEG, PNG, WebP, GIF, TIFF or AVIF file. */
	photo: z.string(),
	/** Run directory of `tune`, attacked beside vanilla CLIP; without a run the job attacks vanilla CLIP alone. */
	run: z.string().optional(),
	/**
	 * Without a run: a CLIP checkpoint, a folder or an id of the Hugging Face hub; with one: where that run's checkpoint is
	 * now.
	 */
	model: modelField.removeDefault().optional(),
	/** Without a run: class names, a file of them, or names separated by commas; by default those of the data. */
	classes: z.union([z.string(), z.array(z.string()).readonly()]).optional(),
	/** Without a run or classes: data whose classes the model distinguishes. */
	data: dataField,
	/** Folder that holds the folders of named data sets. */
	dataRoot: dataRootField,
	/** The true class; by default what each model sees in the photo. */
	label: z.string().optional(),
	/** Name of an attack; by default the attack of the run's preset, or `pgd-100`. */
	attack: z.string().optional(),
	/** Options of the attack that override its defaults. */
	set: settingsField,
	/** Norm of the perturbation. */
	norm: z.enum(norms).default('linf'),
	/** Size of the perturbation; with a run by default the size of its preset, or of its inner attack. */
	epsilon: sizeField.optional(),
	/** Number of classes to list per picture. */
	top: countField.default(3),
	/** Folder for the pictures; by default named after the photo, in `attacks`. */
	output: z.string().optional(),
	/** Seed of the attack. */
	seed: seedField.default(1),
})

const sight = z
	.array(
		z.strictObject({
			model: z.string(),
			classes: z.array(z.strictObject({ index: count, className: z.string(), probability: share })),
		}),
	)
	.describe('The most probable classes by model, best first.')

/** The result of {@link attackPhoto}. */
export const attackPhotoResult = z.object({
	photo: z.string(),
	attack: z.string(),
	...threatModelSchema.shape,
	seed: count,
	classNames: z.array(z.string()),
	size: count.describe("Height and width of the models' input."),
	factor: count.describe('Factor that magnifies the differences; none is clipped.'),
	before: z.object({ file: z.string(), seen: sight }),
	attacked: z
		.array(
			z.object({
				model: z.string().describe('The attacked model; the attack knows everything about it.'),
				label: z.string().describe('The class that the attack moves the model away from.'),
				fooled: z.boolean().describe('Whether the model now sees another class, even if it already did before.'),
				after: z
					.object({ file: z.string(), difference: z.string(), seen: sight })
					.exactOptional()
					.describe('Missing if the model was already wrong, so that there was nothing to attack.'),
				pasted: z
					.object({
						file: z.string(),
						seen: sight,
						fooled: z.boolean(),
						largestChange: count.describe('Largest change of a value, in levels of 255.'),
						covered: share.describe('Share of the photo that the model sees.'),
					})
					.exactOptional()
					.describe('The change in the photo at its full size, and what the models see when they read that file.'),
			}),
		)
		.describe('One entry per attacked model, vanilla first.'),
	sheet: z.string().describe('Contact sheet of all pictures.'),
	seconds,
})

type Input = z.output<typeof attackPhotoInput>
type Result = z.output<typeof attackPhotoResult>

/**
 * Attacks one picture on vanilla CLIP and on a tuned run, and writes the resulting pictures.
 * @throws NaptuneError when photo, run, model or classes cannot be used, or the label is not one of the classes.
 */
export const attackPhoto = defineJob({
	name: 'attack-photo',
	doc: 'Attack one picture on vanilla CLIP and on a tuned run: before, after, the difference, and what both see.',
	input: attackPhotoInput,
	result: attackPhotoResult,
	async run(input, context): Promise<Result> {
		const started = performance.now()
		const photo = await decodeImage(input.photo)
		const { clip, models, attack, threat } = await chosen(input, context)
		const { classNames } = at(models, 0).defense
		const label = labelOf(input.label, classNames)
		const output = resolve(
			input.output ?? join('attacks', slug(basename(input.photo, extname(input.photo))) || 'photo'),
		)
		context.onFolder(output)
		const text = `${attack.name}, ${normText(threat.norm)} epsilon ${sizeText(threat)}, seed ${input.seed}`
		context.onNote({ kind: 'plan', text })
		if (threat.norm === 'linf' && 255 * threat.epsilon < 1 - 1e-6) {
			const note =
				'Epsilon is below one of 255 levels. An 8-bit file cannot hold the change, so nothing will be visible.'
			context.onNote({ kind: 'note', text: note })
		}
		const task = startTask(context, `attacking ${basename(input.photo)}`, 100, '%')
		const done = new Map<string, number>()
		const found = await attackOnePhoto({
			engine: await context.engine(),
			clip,
			models,
			photo,
			...defined({ label }),
			attack,
			threatModel: threat,
			seed: input.seed,
			top: input.top,
			signal: context.signal,
			onProgress(model, { work }) {
				done.set(model, work.done / Math.max(1, work.done + work.left))
				const sum = [...done.values()].reduce((total, part) => total + part, 0)
				task.update(Math.floor((100 * sum) / models.length))
			},
		}).finally(task.end)
		if (!found) throw stopped('Stopped. Nothing was written; run the same command to start over.')
		await makeFolder(output)
		const described = {
			photo: input.photo,
			attack: attack.name,
			...threat,
			seed: input.seed,
			classNames: [...classNames],
		}
		const names = models.map(({ defense }) => defense.name)
		const written = await write(found, photo, names, classNames, output, `${basename(input.photo)}: ${text}`)
		return { ...described, ...written, seconds: (performance.now() - started) / 1000 }
	},
})

interface Chosen {
	readonly clip: DeployedModel['clip']
	readonly models: readonly Pick<DeployedModel, 'defense' | 'parameters'>[]
	readonly attack: PreparedAttack
	readonly threat: ThreatModel
}

async function chosen(input: Input, context: JobContext): Promise<Chosen> {
	const { run: directory, model, dataRoot, norm } = input
	const run = directory === undefined ? undefined : await tunedRun(context, { run: directory, model, dataRoot })
	const epsilon = input.epsilon ?? (norm === 'linf' ? run?.protocol.epsilon : undefined)
	if (epsilon === undefined) {
		throw new NaptuneError(
			'NAP_OPTION_MISSING',
			`Give the size of the perturbation, such as --epsilon ${norm === 'linf' ? '4/255' : '0.5'}; only a run tuned in L-infinity supplies a default.`,
		)
	}
	const attack = prepareAttack(input.attack ?? run?.protocol.attack ?? 'pgd-100', input.set)
	const threat = threatModel(norm, epsilon)
	if (run) {
		const { clip, defense, parameters } = run
		// Only the class names are needed; the data may be absent.
		const { dataset } = await readRecord(runDescriptionForm, join(run.directory, runFiles.description))
		const control = controlDefense(clip, { name: dataset.name, classNames: defense.classNames })
		return {
			clip,
			attack,
			threat,
			models: [
				{ defense: control, parameters: {} },
				{ defense, parameters },
			],
		}
	}
	const clip = await loadModel(context, model ?? modelField.parse(undefined))
	const { classes } = input
	const { name, classNames } =
		classes === undefined
			? await loadDataset(input.data, { root: dataRoot })
			: { name: '', classNames: checkedClasses(typeof classes === 'string' ? await readClassNames(classes) : classes) }
	const vanilla = prepareDefense('vanilla', clip, classNames, { templates: [zeroShotTemplate(name)] })
	return { clip, attack, threat, models: [{ defense: vanilla, parameters: {} }] }
}

function labelOf(label: string | undefined, classNames: readonly string[]): number | undefined {
	if (label === undefined) return undefined
	const position = classNames.indexOf(label)
	if (position >= 0) return position
	throw new NaptuneError(
		'NAP_NAME_UNKNOWN',
		`The models have no class ${JSON.stringify(label)}; their classes are ${classNames.join(', ')}.${didYouMean(label, classNames)}`,
	)
}

async function write(
	{ size, before, seen, attacked }: PhotoAttack,
	photo: DecodedImage,
	names: readonly string[],
	classNames: readonly string[],
	output: string,
	heading: string,
): Promise<Pick<Result, 'size' | 'factor' | 'before' | 'attacked' | 'sheet'>> {
	const factor = differenceFactor(before, ...attacked.flatMap(({ after }) => after?.pixels ?? []))
	const file = async (name: string, png: Buffer) => {
		const path = join(output, name)
		await writeFileAtomic(path, png)
		return path
	}
	const named = (sights: PhotoAttack['seen']) =>
		sights.map((classes, which) => ({ model: at(names, which), classes: [...classes] }))
	const first = { file: await file('before.png', await pixelsPng(before, size)), seen: named(seen) }
	const found: Result['attacked'] = []
	const rows: SheetCell[][] = []
	for (const [which, { model, label, after }] of attacked.entries()) {
		// Each model against its own class: the true one if known, otherwise the one it saw before the attack.
		const lines = (sights: PhotoAttack['seen']) =>
			sights.map((classes, one) => sightLine(at(names, one), at(classes, 0), at(attacked, one).label))
		const start: SheetCell = { title: 'before', png: await pixelsPng(before, size, sheetCellSize), lines: lines(seen) }
		const about = { model, label: at(classNames, label) }
		if (!after) {
			rows.push([start, { ...start, title: `${model} was already wrong`, lines: [] }])
			found.push({ ...about, fooled: true })
			continue
		}
		const { pixels, pasted } = after
		rows.push([
			start,
			{
				title: `after the attack on ${model}`,
				png: await pixelsPng(pixels, size, sheetCellSize),
				lines: lines(after.seen),
			},
			{
				title: `difference × ${factor}`,
				png: await differencePng(before, pixels, size, factor, sheetCellSize),
				lines: [{ text: 'grey: unchanged' }],
			},
		])
		const name = slug(model)
		found.push({
			...about,
			fooled: after.fooled,
			after: {
				file: await file(`after-${name}.png`, await pixelsPng(pixels, size)),
				difference: await file(`difference-${name}.png`, await differencePng(before, pixels, size, factor)),
				seen: named(after.seen),
			},
			pasted: {
				file: await file(`photo-${name}.png`, await imagePng(pasted.image)),
				seen: named(pasted.seen),
				fooled: at(at(pasted.seen, which), 0).index !== label,
				largestChange: pasted.largest,
				covered: pasted.covered,
			},
		})
	}
	const notes = found.flatMap(({ model, pasted }) => (pasted ? [pastedNote(model, pasted, photo)] : []))
	const sheet = await file('sheet.png', await sheetPng({ heading, rows, notes }))
	return { size, factor, before: first, attacked: found, sheet }
}

function pastedNote(
	model: string,
	{ seen }: NonNullable<Result['attacked'][number]['pasted']>,
	{ width, height }: DecodedImage,
): string {
	const views = seen.map(({ model: name, classes }) => {
		const best = at(classes, 0)
		return `${name} ${best.className} ${percentText(best.probability)}`
	})
	return `Attack on ${model}, pasted into the photo of ${width} x ${height} and read back: ${views.join(', ')}.`
}
