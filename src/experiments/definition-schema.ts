/**
 * The form of an experiment's file, including defaults and short forms. The package's JSON Schema
 * (schemas/experiment-definition.schema.json) is generated from it.
 */

import { z } from 'zod'
import { defined } from '../core/defined.js'
import { nestedSettings } from './nested-settings.js'
import { conditionTitle, methodTitle } from './titles.js'

const name = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'lower-case words and digits, joined by -')
const settings = z
	.record(z.string(), z.unknown())
	.transform(nestedSettings)
	.describe('Settings of tuning as in `naptune tune --set`, nested or by dotted names.')
const attackName = z.string().describe('An attack or an attack preset, as in `naptune evaluate --attack`.')
const epsilon = z.string().describe('L-infinity size in pixel units of [0, 1], such as 1/255.')

const method = z.strictObject({
	title: z.string().optional().describe('Its name in papers; by default the name of its defense.'),
	defense: z.string().optional().describe("The registered defense; by default the method's name."),
	tuning: settings.default({}).describe('Settings of tuning that override those of the experiment.'),
	over: name
		.optional()
		.describe('Another method of the experiment, a fine-tuning: its final checkpoint is the model of this one.'),
	protocol: name.optional().describe('Name of its protocol for tuning, if it has one.'),
	preset: z
		.string()
		.optional()
		.describe('Preset of that protocol, which replaces preset and tuning of the experiment.'),
})

const protocol = z.strictObject({
	name,
	doc: z.string().describe('What it is, and where its settings come from; one sentence.'),
	preset: z.string().describe('Preset that supplies the initial settings of the method.'),
	tuning: settings.default({}).describe("Settings of tuning that override the preset's, for all its methods."),
	methods: z
		.union([
			z.array(name).min(1).describe('Methods that have it.'),
			z.record(name, settings).describe('Methods that have it, each with its own settings.'),
		])
		.transform((given) => (Array.isArray(given) ? Object.fromEntries(given.map((one) => [one, {}])) : given)),
})

const methods = z
	.union([
		z.array(name).min(1).describe('Names of defenses; vanilla is CLIP without tuning.'),
		z.record(name, method).describe('Methods by name; variants of one defense need their own names.'),
	])
	.transform((given) => {
		const entries = Array.isArray(given)
			? given.map((name) => [name, method.parse({})] as const)
			: Object.entries(given)
		return Object.fromEntries(
			entries.map(([name, { title, defense, tuning, over, protocol, preset }]) => [
				name,
				{ title: title ?? methodTitle(name), ...defined({ defense }), tuning, ...defined({ over, protocol, preset }) },
			]),
		)
	})

const condition = z
	.strictObject({
		name: name.optional().describe("Default: the attack's name."),
		title: z.string().optional().describe('Its name in papers.'),
		cleanOf: name.optional().describe('Clean accuracy on the images of this other condition, at no extra cost.'),
		attack: attackName.optional(),
		options: z
			.record(z.string(), z.unknown())
			.default({})
			.describe('Options of the attack that override those of its name.'),
		epsilon: epsilon.optional().describe("L-infinity size; default: the experiment's."),
		madeOn: z
			.enum(['model', 'classifiers', 'substitute'])
			.default('model')
			.describe(
				'Where the images are made: white box on the attacked model itself, or once on models of the attacker.',
			),
	})
	.refine(({ cleanOf, attack }) => (cleanOf === undefined) !== (attack === undefined), {
		message: 'give either an attack, or cleanOf for clean images',
	})

/** `clean`, with the images of the first attack. */
const clean = 'clean'
const usual = { options: {}, madeOn: 'model' } as const

/** A complete condition. */
type Condition = z.output<typeof condition> & { readonly name: string; readonly title: string }

const conditions = z
	.array(
		z.union([attackName.describe('An attack, or clean for the images of the first attack without it.'), condition]),
	)
	.transform((given): Condition[] => {
		const first = given.find((one) => (typeof one === 'object' ? one.attack !== undefined : one !== clean))
		const attacked = typeof first === 'object' ? (first.name ?? first.attack) : first
		return given.map((one) => {
			const short = one === clean ? { cleanOf: attacked } : { attack: String(one) }
			const written: z.output<typeof condition> = typeof one === 'object' ? one : { ...usual, ...short }
			const { name = written.attack ?? clean, title = conditionTitle(written.attack), ...rest } = written
			return { name, title, ...defined(rest) }
		})
	})

const point = z.strictObject({
	value: z.number().describe('Place on the axis.'),
	label: z.string().optional().describe('Its text, if not the number itself.'),
	tuning: settings,
})
type Point = z.output<typeof point>

const axis = z
	.strictObject({
		name: name.optional().describe("Such as shots; default: the setting's name."),
		title: z.string().optional().describe('With unit, such as training images per class.'),
		scale: z.enum(['linear', 'log']).default('linear'),
		methods: z
			.array(name)
			.min(1)
			.optional()
			.describe('Methods that depend on it; the others are measured once. Default: all but vanilla.'),
		setting: z.string().optional().describe('Dotted name of the varied setting; give values with it.'),
		values: z.array(z.number()).min(3).optional().describe('Values of the setting, increasing.'),
		points: z.array(point).min(3).optional().describe('Your own points, in place of setting and values.'),
	})
	.refine(({ points, setting, values }) => (points ? !values : values !== undefined && setting !== undefined), {
		message: 'give either points, or a setting and its values',
	})
	.transform(({ name, title, scale, methods = [], setting = 'value', values = [], points }) => {
		const own = name ?? kebab(setting)
		const varied = values.map((value): Point => ({ value, tuning: nestedSettings({ [setting]: value }) }))
		return { name: own, title: title ?? name ?? setting, scale, methods, points: points ?? varied }
	})

/** Fields of a definition, in the form that users write. */
export const definitionFields = {
	$schema: z.string().optional().describe('Location of this schema, for editors.'),
	name: name.describe('Name of the experiment and of its folder.'),
	version: z.int().positive().default(1).describe('Increases with every change that affects numbers.'),
	title: z.string().optional().describe('Title for readers; default: the name.'),
	doc: z.string().default('').describe('What it measures, and what readers must know about it.'),
	layout: z
		.enum(['table', 'curve', 'matrix'])
		.optional()
		.describe('How to show it; default: a curve if there is an axis, otherwise a table.'),
	models: z.array(z.string()).min(1).default(['nano']).describe('CLIP checkpoints: folders, or ids of the hub.'),
	datasets: z
		.array(z.string())
		.min(1)
		.default(['cifar10-mini'])
		.describe('Data sets by name, or folders of images; missing ones are left out and reported.'),
	preset: z.string().default('paper').describe('Preset that supplies the initial settings of tuning.'),
	tuning: settings.default({}).describe("Settings of tuning that override the preset's, for all methods."),
	overrides: settings
		.optional()
		.describe('Settings from the user that override those of methods, too; points of the axis stay.'),
	epsilon: epsilon.describe('L-infinity size of attacks that have none of their own, such as 1/255.'),
	images: z
		.union([
			z.int().positive().describe('Test images per cell.'),
			z.record(z.string(), z.int().positive()).describe('By condition; `default` for the others.'),
		])
		.default({})
		.transform((given) => (typeof given === 'number' ? { default: given } : given))
		.describe('Test images per cell, balanced over the classes; default: all.'),
	methods: methods.describe('What to measure: names of defenses, or variants of them by name.'),
	protocols: z
		.array(protocol)
		.optional()
		.describe('Protocols to tune methods under, selected with `naptune reproduce --protocol`.'),
	protocol: z
		.record(name, name)
		.optional()
		.describe("The default protocol of each method; a method without one uses the experiment's preset."),
	reference: name.optional().describe('Method to compare the others with, on the same images.'),
	conditions: conditions.describe('Rows of the table: attacks, and clean images.'),
	epsilonCurve: z
		.strictObject({
			attack: attackName,
			epsilons: z.array(epsilon).min(1),
			methods: z.array(name).min(1),
		})
		.optional()
		.describe('Robust accuracy over epsilon under one attack.'),
	axis: axis.optional().describe('The varied setting.'),
	seeds: z.array(z.int().nonnegative()).min(1).default([1]).describe('Seeds of few-shot samples and tuning.'),
	evaluationSeed: z
		.int()
		.nonnegative()
		.default(1)
		.describe('Seed of the choice of test images and of attacks: all tuning seeds share the same images.'),
	surrogates: z
		.strictObject({
			classifiers: z.array(z.record(z.string(), z.unknown())).min(1),
			substitute: z.record(z.string(), z.unknown()),
			weakBelow: z
				.number()
				.min(0)
				.max(1)
				.optional()
				.describe('Accuracy on the clean test images below which a classifier counts as weak; 0.6 by default.'),
		})
		.optional()
		.describe(
			"Models of an attacker who does not know the attacked model, trained on the data set's training images; recipes.",
		),
	surrogateFiles: z
		.strictObject({ classifiers: z.array(z.string()).min(1).optional(), substitute: z.string().optional() })
		.optional()
		.describe(
			"Files (.onnx) to use as the attacker's models instead of training any, with a description of their input: `resnet50.onnx?normalisation=imagenet&size=224`, and `caltech101=FILE` for one data set only.",
		),
	shown: z
		.array(name)
		.default([])
		.describe('Methods whose runs the report examines: learning curves, distortion, gallery.'),
	folders: z
		.enum(['shared', 'by-method'])
		.optional()
		.describe(
			'Where runs lie: shared with other experiments (the default), or in one folder per method of this experiment, which takes one model, data set and seed.',
		),
}

/** A definition as it may be written. */
export const writtenDefinition = z.strictObject(definitionFields)

/** Fills in what follows from the rest. */
export const completeDefinition = writtenDefinition.transform(
	({ $schema: _, name, version, title = name, doc, layout, ...rest }) => {
		const { axis, methods } = rest
		const depending = axis && axis.methods.length > 0 ? axis.methods : Object.keys(methods).filter(isTuned)
		return {
			name,
			version,
			title,
			doc,
			layout: layout ?? (axis ? 'curve' : 'table'),
			...rest,
			...defined({ axis: axis && { ...axis, methods: depending } }),
		}
	},
)

/** A complete definition, which is also a valid input. */
export type ExperimentDefinition = z.output<typeof completeDefinition>

function isTuned(method: string): boolean {
	return method !== 'vanilla'
}

/** `defense.options.refinerDepth` as `refiner-depth`. */
function kebab(setting: string): string {
	const last = setting.slice(setting.lastIndexOf('.') + 1)
	return last.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
