/** Lists the defenses: what each trains, its size on a model, and its source. */

import { z } from 'zod'
import { entry } from '../core/at.js'
import { trainableParameters } from '../defenses/defense.js'
import type { DefenseDefinition } from '../defenses/define-defense.js'
import { prepareDefense, defenses as registered } from '../defenses/registry.js'
import { testTimeDefenses } from '../defenses/test-time/registry.js'
import { tuningLosses } from '../defenses/tuning-losses.js'
import { parameterGroups } from '../evaluation/deployed/parameter-groups.js'
import { tuningConfig } from '../methods/tuning/configuration.js'
import { loadPreset, presetNames } from '../methods/tuning/presets.js'
import { count, options, positive } from '../records/parts/fields.js'
import { testTimeSchema } from '../records/parts/model.js'
import type { ClipModel } from '../vlm/model.js'
import { modelField } from './common/fields.js'
import { loadModel } from './common/inputs.js'
import { defineJob } from './job.js'

/** The input of {@link defenses}. */
export const defensesInput = z.strictObject({
	/** The CLIP checkpoint for which to count parameters: a folder, or an id of the Hugging Face hub. */
	model: modelField,
})

const defenseSchema = z.object({
	name: z.string(),
	doc: z.string().describe('What the method learns.'),
	source: z.string().describe('Paper, section and equations that it follows.'),
	trainableParameters: count.describe('Number on the model, at default options.'),
	parts: z.record(z.string(), count).describe('The same number by part.'),
	loss: z.string().nullable().describe('What it minimises; null for a method that learns nothing.'),
	options: options.describe('Options with their defaults.'),
})

/** The result of {@link defenses}. */
export const defensesResult = z.object({
	model: z.string(),
	defenses: z.array(defenseSchema),
	testTime: z
		.array(
			z.object({
				name: z.string(),
				doc: z.string(),
				source: z.string(),
				adapts: z.string().describe('What it changes for each image.'),
				attackedThrough: testTimeSchema.shape.attackedThrough
					.exclude(['none'])
					.describe("How an attacker's gradient passes through it."),
			}),
		)
		.describe('Wrappers around any defense at classification time.'),
	presets: z.array(z.object({ name: z.string(), version: positive, doc: z.string() })),
})

/** Every method shares its parameters among classes, so the choice of classes does not change the count. */
const exampleClasses = ['cat', 'dog']

/**
 * Lists the defenses: what each trains, its parameters on a model, its loss and its source; test-time defenses and presets.
 * @throws NaptuneError when the model cannot be loaded.
 */
export const defenses = defineJob({
	name: 'defenses',
	doc: 'List the defenses: what each trains, its parameters on a model, its loss and its source.',
	input: defensesInput,
	result: defensesResult,
	async run({ model }, context) {
		const clip = await loadModel(context, model)
		const presets = await Promise.all((await presetNames()).map(loadPreset))
		return {
			model: clip.checkpoint.source,
			defenses: [...registered.values()].map((definition) => described(definition, clip)),
			testTime: [...testTimeDefenses.values()].map(({ name, doc, source, adapts, attackedThrough }) => ({
				name,
				doc,
				source,
				adapts,
				attackedThrough,
			})),
			presets: presets.map(({ name, version, doc }) => ({ name, version, doc })),
		}
	},
})

function described({ name, doc, source, tuning }: DefenseDefinition, clip: ClipModel): z.output<typeof defenseSchema> {
	const defense = prepareDefense(name, clip, exampleClasses)
	const settings = tuning ? tuningConfig({ defense: { name } }) : undefined
	return {
		name,
		doc,
		source,
		trainableParameters: trainableParameters(defense),
		parts: Object.fromEntries(parameterGroups(defense).map((group) => [group.name, group.count])),
		loss: settings ? entry(tuningLosses, settings.loss).doc : null,
		options: defense.config,
	}
}
