/**
 * Results of experiments: cells of a table or points of a figure, each from evaluation records. Tables, figures and the
 * report use only this result and the records that it names.
 */

import { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import { accuracySchema, stageSchema } from './parts/accuracy.js'
import { attackSchema } from './parts/attack.js'
import { count, options, positive, seconds, sha256, share } from './parts/fields.js'
import { threatModelSchema } from './parts/threat-model.js'
import type { RecordForm } from './record-form.js'

const interval = z.tuple([z.number(), z.number()])

const path = z
	.string()
	.min(1)
	.refine((text) => !/^([/\\]|[A-Za-z]:)/.test(text) && !text.split(/[/\\]/).includes('..'), {
		message: 'expected a path below the folder of all experiments',
	})

const condition = z.strictObject({
	name: z.string().describe('Name, such as `clean`, `cwa`, `pgd` or `autoattack`.'),
	title: z.string().describe('Title for readers, such as `AutoAttack`.'),
	attack: attackSchema.exactOptional().describe('The attack; missing for clean images.'),
	threatModel: threatModelSchema.exactOptional(),
	role: z
		.enum(['table', 'epsilon-curve'])
		.describe(
			'`table` rows appear in tables and ablation curves; `epsilon-curve` rows are points of robust accuracy over epsilon.',
		),
})

/** A row of the paper's tables: clean images, or an attack. */
export type Condition = Immutable<z.output<typeof condition>>

const method = z.strictObject({
	name: z.string().describe('Name, such as `vanilla` or `nap`.'),
	title: z.string().describe('Name as papers write it, such as `AdvPT-VLI`.'),
	protocol: z.string().exactOptional().describe('Name of its tuning protocol.'),
	of: z.string().exactOptional().describe('The method, if rows of several protocols have their own names.'),
})

/** A method, or a variant of one. */
export type Method = Immutable<z.output<typeof method>>

const axis = z.strictObject({
	name: z.string().describe('Name of the option, such as `shots`.'),
	title: z.string().describe('Title with unit, such as `training images per class`.'),
	scale: z.enum(['linear', 'log']),
	values: z.array(z.number()).min(1).describe('Values in ascending order.'),
	labels: z
		.array(z.string())
		.exactOptional()
		.describe('Labels of the values, if not plain numbers, such as `1/255`. Same length.'),
})

/** The option that an ablation varies. */
export type Axis = Immutable<z.output<typeof axis>>

const losses = z.tuple([z.number(), z.number()])

const learning = z.strictObject({
	cleanLoss: losses.describe('Mean loss on clean training images in the first epoch and in the last.'),
	adversarialLoss: losses.exactOptional().describe('The same on attacked images; missing for a loss without attack.'),
	moved: z
		.number()
		.nonnegative()
		.exactOptional()
		.describe('L2 distance of all parameters from their start, as a multiple of the length of the start.'),
	trained: z.boolean().describe('Whether the run learned enough to be a result of its method.'),
})

/** What a tuning run changed. */
export type Learning = Immutable<z.output<typeof learning>>

const seedResult = z.strictObject({
	seed: count,
	images: count,
	accuracy: accuracySchema,
	stages: z.array(stageSchema).exactOptional().describe('Stages of an attack that has several.'),
	record: path.describe(
		"Path of the evaluation's record, below the folder of all experiments, or below that of an experiment whose runs have folders by method; with forward slashes.",
	),
	run: path.exactOptional().describe('Folder of the tuning run, relative to the same place; missing for vanilla.'),
	tuningSeconds: seconds,
	evaluationSeconds: seconds,
	learning: learning
		.exactOptional()
		.describe('Learning of a run under a protocol; missing for other runs and for vanilla.'),
})

/** A cell measured with one seed. */
export type SeedResult = Immutable<z.output<typeof seedResult>>

const paired = z.strictObject({
	reference: z.string(),
	onlyThis: count.describe('Images that only this method gets right, for the first seed.'),
	onlyReference: count.describe('Images that only the reference gets right, for the first seed.'),
	p: share.describe('Exact two-sided McNemar p-value for the first seed.'),
	difference: z.number().describe("Accuracy minus the reference's, mean over seeds."),
	interval: interval.describe('95 % interval of the difference from a paired bootstrap over images.'),
})

/** A method compared with the reference on the same images. */
export type PairedResult = Immutable<z.output<typeof paired>>

const cell = z.strictObject({
	model: z.string(),
	dataset: z.string(),
	method: z.string(),
	condition: z.string(),
	point: z
		.number()
		.exactOptional()
		.describe('Value on the axis; missing without an axis, and for methods that do not depend on it.'),
	seeds: z.array(seedResult).min(1).describe('Results ordered by seed.'),
	images: count.describe('Number of test images, the same for every seed.'),
	trainableParameters: count
		.exactOptional()
		.describe('Trainable parameters of the method on this model; missing in older results.'),
	accuracy: share.describe('Mean over seeds.'),
	interval: interval.describe(
		'95 % Wilson interval of the mean; each image counts once, whatever the number of seeds.',
	),
	deviation: z.number().exactOptional().describe('Sample standard deviation over seeds; missing for one seed.'),
	paired: paired
		.exactOptional()
		.describe('Comparison with the reference on the same images in the same condition, model, data set and point.'),
	target: z
		.strictObject({ paper: z.number(), difference: z.number() })
		.exactOptional()
		.describe("The paper's number and ours minus it, in percent and percentage points."),
})

/** One number of a table or figure. */
export type Cell = Immutable<z.output<typeof cell>>

const average = z.strictObject({
	model: z.string(),
	method: z.string(),
	condition: z.string(),
	point: z.number().exactOptional(),
	datasets: count.describe('Number of data sets in the mean.'),
	accuracy: share.describe("Mean of the cells' accuracies."),
	target: z
		.strictObject({ stated: z.number().exactOptional(), recomputed: z.number().exactOptional() })
		.exactOptional()
		.describe(
			"The paper's printed mean, and the mean of its printed cells if it has them, in percent, over all eleven data sets.",
		),
})

/** The mean of a method's cells over data sets, which the paper's last column should equal. */
export type Average = Immutable<z.output<typeof average>>

const problem = z.strictObject({
	model: z.string(),
	dataset: z.string(),
	method: z.string().exactOptional(),
	point: z.number().exactOptional(),
	seed: count.exactOptional(),
	condition: z.string().exactOptional(),
	message: z.string().describe('What went wrong and what to do, in the words of the error.'),
})

/** A cell that could not be measured. */
export type Problem = Immutable<z.output<typeof problem>>

/** A surrogate used to make images. */
export const surrogateWorthSchema = z.strictObject({
	name: z.string(),
	sha256,
	accuracy: share
		.exactOptional()
		.describe('For a classifier: share of the clean test images that it gets right, which are then attacked.'),
	images: count,
	reads: options.exactOptional().describe('How it takes pixels, and where its logits come from.'),
})

/** A surrogate used to make images. */
export type SurrogateWorth = Immutable<z.output<typeof surrogateWorthSchema>>

/** Results of experiments. */
export const experimentForm = {
	title: 'the result of an experiment',
	doc: 'A finished experiment, or its measurable part (naptune reproduce).',
	advice: 'Run the experiment again; finished work is reused.',
	schema: z.strictObject({
		format: z.literal(1),
		name: z.string(),
		version: z.number(),
		title: z.string(),
		doc: z.string().describe('What it measures and how it differs from the paper; sentences.'),
		quick: z.boolean().describe('Whether it ran as the small experiment on the embedded model and data.'),
		layout: z
			.enum(['table', 'curve', 'matrix'])
			.describe(
				'`table`: conditions by methods by data sets. `curve`: accuracy over an axis. `matrix`: axis by conditions, such as epsilons.',
			),
		definition: options.describe(
			'The definition as it ran, with all choices from the command line except thread and batch sizes.',
		),
		models: z.array(z.string()),
		datasets: z.array(z.string()).describe("The measured data sets, in the paper's order."),
		missing: z
			.array(z.strictObject({ dataset: z.string(), reason: z.string() }))
			.describe('The skipped data sets, with reasons.'),
		methods: z.array(method),
		conditions: z.array(condition),
		axis: axis.exactOptional(),
		reference: z.string().exactOptional().describe('Method to which others are compared; missing if there is none.'),
		seeds: z.array(count),
		cells: z.array(cell),
		averages: z.array(average),
		surrogates: z
			.array(
				z.strictObject({
					model: z.string(),
					dataset: z.string(),
					condition: z.string(),
					models: z.array(surrogateWorthSchema).min(1),
					weakBelow: share.describe('Accuracy below which a surrogate counts as weak.'),
					weak: z
						.boolean()
						.describe('Whether even the best one is weak, so that the row says little about a better attacker.'),
				}),
			)
			.exactOptional()
			.describe('Surrogates that made the images of each row; missing without any, and in older results.'),
		problems: z.array(problem),
		shown: z
			.array(z.strictObject({ method: z.string(), run: path, dataset: z.string() }))
			.describe(
				'Folders of tuning runs whose learning curves, distortion and gallery the report shows; relative like `record` paths.',
			),
		provenance: z.strictObject({
			naptune: z.string(),
			engine: z.string(),
			device: z.string(),
			threads: positive,
			weights: z.record(z.string(), sha256).describe('SHA-256 of the weights by model.'),
			seconds: seconds.describe('Wall-clock time of all cells, tuning and attacks, wherever they were computed.'),
		}),
	}),
} satisfies RecordForm<z.ZodType>

/** A finished experiment, or its measurable part. */
export type ExperimentResult = Immutable<z.output<typeof experimentForm.schema>>
