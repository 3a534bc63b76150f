/** Classifies pictures with a CLIP, tuned or not. */

import { z } from 'zod'
import { defined } from '../core/defined.js'
import { loadDataset } from '../data/registry.js'
import { zeroShotTemplate } from '../data/templates.js'
import { prepareDefense } from '../defenses/registry.js'
import {
	type ClassifiedImage,
	classifiedImageSchema,
	classify as classifyImages,
} from '../evaluation/deployed/classify.js'
import { deployedClassifier } from '../evaluation/deployed/deployed-classifier.js'
import type { TunedRun } from '../evaluation/deployed/tuned-run.js'
import { flagRates, flagRatesSchema } from '../evaluation/detection/assessment.js'
import { checkedClasses } from './common/class-names.js'
import { countField, dataField, dataRootField, modelField, rateField } from './common/fields.js'
import { loadModel, tunedRun } from './common/inputs.js'
import { calibrationOf } from './common/run-calibration.js'
import { stopIfAsked } from './common/stopped.js'
import { defineJob, type JobContext, startTask } from './job.js'

/** The input of {@link classify}. */
export const classifyInput = z.strictObject({
	/** JPEG, PNG, WebP, GIF, TIFF or AVIF files. */
	images: z.array(z.string()).min(1).readonly(),
	/** Run directory of `tune`; without a run, a CLIP classifies zero-shot. */
	run: z.string().optional(),
	/** Without a run: a CLIP checkpoint, a folder or an id of the Hugging Face hub. */
	model: modelField,
	/** Without a run: class names; by default those of the data. */
	classes: z.array(z.string()).readonly().optional(),
	/** Without a run or classes: data whose classes the model distinguishes. */
	data: dataField,
	/** Folder that holds the folders of named data sets. */
	dataRoot: dataRootField,
	/** Without a run: prompt of a class, in which `{}` stands for its name; by default the prompt of the data. */
	template: z.string().optional(),
	/** Number of classes to list per picture. */
	top: countField.default(5),
	/** For a run with refiners: share of clean images that may be flagged as heavily corrected. */
	falsePositiveRate: rateField,
})

/** The result of {@link classify}. */
export const classifyResult = z.object({
	defense: z.string(),
	classNames: z.array(z.string()),
	calibration: flagRatesSchema
		.exactOptional()
		.describe('What the flags of heavily corrected pictures are based on, for a run with refiners.'),
	images: z.array(classifiedImageSchema).describe('In input order.'),
})

type Input = z.output<typeof classifyInput>

/**
 * Classifies pictures with a tuned run, or zero-shot with a CLIP and class names.
 * @throws NaptuneError when run, model or data cannot be used, or when a file is not a readable image; it names the file.
 */
export const classify = defineJob({
	name: 'classify',
	doc: 'Classify pictures with a tuned run, or zero-shot with a CLIP and class names.',
	input: classifyInput,
	result: classifyResult,
	async run(input, context) {
		const { clip, defense, parameters, run } = await chosenModel(input, context)
		const classifier = await deployedClassifier(await context.engine(), clip, defense, parameters)
		const found: ClassifiedImage[] = []
		const { images, top, falsePositiveRate } = input
		const calibration = run && (await calibrationOf(run, classifier, context))
		const task = startTask(context, 'classifying', images.length, 'images')
		try {
			const corrections = calibration && { calibration, falsePositiveRate }
			for await (const image of classifyImages(clip, classifier, images, { top, ...defined({ corrections }) })) {
				found.push(image)
				task.update(found.length)
				stopIfAsked(context)
			}
		} finally {
			task.end()
			await classifier.release()
		}
		return {
			defense: defense.name,
			classNames: defense.classNames,
			...defined({ calibration: calibration && flagRates(calibration, falsePositiveRate) }),
			images: found,
		}
	},
})

async function chosenModel(
	input: Input,
	context: JobContext,
): Promise<Pick<TunedRun, 'clip' | 'defense' | 'parameters'> & { readonly run?: TunedRun }> {
	const { run: directory, dataRoot, classes, template } = input
	if (directory !== undefined) {
		const run = await tunedRun(context, { run: directory, dataRoot })
		return { ...run, run }
	}
	const clip = await loadModel(context, input.model)
	const { name, classNames } = classes
		? { name: '', classNames: checkedClasses(classes) }
		: await loadDataset(input.data, { root: dataRoot })
	const templates = [template ?? zeroShotTemplate(name)]
	return { clip, defense: prepareDefense('vanilla', clip, classNames, { templates }), parameters: {} }
}
