/**
 * The form of an experiment's file, with what may be left out and written shorter. The JSON Schema of the package
 * (schemas/experiment-definition.schema.json) is made of this.
 */

import { z } from 'zod'
import { defined } from '../core/defined.js'
import { nestedSettings } from './nested-settings.js'
import { conditionTitle, methodTitle } from './titles.js'

const name = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'words of small letters and digits, joined by -')
const settings = z
	.record(z.string(), z.unknown())
	.transform(nestedSettings)
	.describe('Settings of tuning as `naptune tune --set` takes them, nested or by dotted names.')
const attackName = z.string().describe('An attack or a preset of one, as `naptune evaluate --attack` takes it.')
const epsilon = z.string().describe('L-infinity size in pixel units of [0, 1], such as 1/255.')

const method = z.strictObject({
	title: z.string().optional().describe('As papers write it; by default what its defense is called.'),
	defense: z.string().optional().describe("The registered defense; by default the one of the method's name."),
	tuning: settings.default({}).describe('Settings of tuning over those of the experiment.'),
	over: name
		.optional()
		.describe(
			'Another method of the experiment, a fine-tuning: the checkpoint that it ends in is the model of this one.',
		),
	protocol: name.optional().describe('Name of the protocol that it is tuned under, where it has one.'),
	preset: z.string().optional().describe('Preset of that protocol, in place of preset and tuning of the experiment.'),
})

const protocol = z.strictObject({
	name,
	doc: z.string().describe('What it is, and where its settings come from; one sentence.'),
	preset: z.string().describe('Preset whose settings of the method are the start.'),
	tuning: settings.default({}).describe("Settings of tuning over the preset's, for all its methods."),
	methods: z
		.union([
			z.array(name).min(1).describe('Methods that have it.'),
			z.record(name, settings).describe('Methods that have it, each with settings of its own.'),
		])
		.transform((given) => (Array.isArray(given) ? Object.fromEntries(given.map((one) => [one, {}])) : given)),
})

const methods = z
	.union([
		z.array(name).min(1).describe('Names of defenses; vanilla is CLIP without tuning.'),
		z.record(name, method).describe('Methods by name: variants of one defense need names of their own.'),
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
		name: name.optional().describe("By default the attack's name."),
		title: z.string().optional().describe('As papers write it.'),
		cleanOf: name
			.optional()
			.describe('Clean accuracy on the images of this other condition: nothing is computed for it.'),
		attack: attackName.optional(),
		options: z.record(z.string(), z.unknown()).default({}).describe("Options of the attack over its name's own."),
		epsilon: epsilon.optional().describe("L-infinity size; by default the experiment's."),
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

/** `clean`, whose images are those of the first attack. */
const clean = 'clean'
const usual = { options: {}, madeOn: 'model' } as const

/** A condition in full. */
type Condition = z.output<typeof condition> & { readonly name: string; readonly title: string }

const conditions = z
	.array(z.union([attackName.describe('An attack, or clean for the images of the first one without it.'), condition]))
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
	label: z.string().optional().describe('How it is written where not as a number.'),
	tuning: settings,
})
type Point = z.output<typeof point>

const axis = z
	.strictObject({
		name: name.optional().describe("Such as shots; by default the setting's."),
		title: z.string().optional().describe('With unit, such as training images per class.'),
		scale: z.enum(['linear', 'log']).default('linear'),
		methods: z
			.array(name)
			.min(1)
			.optional()
			.describe('Methods that depend on it; the others are measured once. By default all but vanilla.'),
		setting: z.string().optional().describe('Dotted name of the setting that is varied; give values with it.'),
		values: z.array(z.number()).min(3).optional().describe('Values of the setting, growing.'),
		points: z.array(point).min(3).optional().describe('Points of one’s own, in place of setting and values.'),
	})
	.refine(({ points, setting, values }) => (points ? !values : values !== undefined && setting !== undefined), {
		message: 'give either points, or a setting and its values',
	})
	.transform(({ name, title, scale, methods = [], setting = 'value', values = [], points }) => {
		const own = name ?? kebab(setting)
		const varied = values.map((value): Point => ({ value, tuning: nestedSettings({ [setting]: value }) }))
		return { name: own, title: title ?? name ?? setting, scale, methods, points: points ?? varied }
	})

/** Fields of a definition, as they may be written. */
export const definitionFields = {
	$schema: z.string().optional().describe('Where this schema lies, for editors.'),
	name: name.describe('Of the experiment, and of its folder.'),
	version: z.int().positive().default(1).describe('Grows with every change that changes numbers.'),
	title: z.string().optional().describe('What readers see; by default the name.'),
	doc: z.string().default('').describe('What it measures, and what a reader must know of it.'),
	layout: z
		.enum(['table', 'curve', 'matrix'])
		.optional()
		.describe('How it is shown; by default a curve where there is an axis, else a table.'),
	models: z.array(z.string()).min(1).default(['nano']).describe('CLIP checkpoints: folders, or ids of the hub.'),
	datasets: z
		.array(z.string())
		.min(1)
		.default(['cifar10-mini'])
		.describe('Data sets by name, or folders of images; those that are not there are left out and named.'),
	preset: z.string().default('paper').describe('Preset whose settings of tuning are the start.'),
	tuning: settings.default({}).describe("Settings of tuning over the preset's, for all methods."),
	overrides: settings
		.optional()
		.describe('Settings over those of methods, too, by whoever runs it; points of the axis stay.'),
	epsilon: epsilon.describe('L-infinity size of attacks that do not say otherwise, such as 1/255.'),
	images: z
		.union([
			z.int().positive().describe('Test images per cell.'),
			z.record(z.string(), z.int().positive()).describe('By condition, `default` for the others.'),
		])
		.default({})
		.transform((given) => (typeof given === 'number' ? { default: given } : given))
		.describe('Test images per cell, balanced over the classes; all where it is not given.'),
	methods: methods.describe('What is measured: names of defenses, or variants of them by name.'),
	protocols: z
		.array(protocol)
		.optional()
		.describe('Protocols under which methods can be tuned, chosen by `naptune reproduce --protocol`.'),
	protocol: z
		.record(name, name)
		.optional()
		.describe("The protocol of each method where none is chosen; a method without one takes the experiment's preset."),
	reference: name.optional().describe('Method that others are compared with on the same images.'),
	conditions: conditions.describe('Rows of the table: attacks, and clean images.'),
	epsilonCurve: z
		.strictObject({
			attack: attackName,
			epsilons: z.array(epsilon).min(1),
			methods: z.array(name).min(1),
		})
		.optional()
		.describe('Robust accuracy over epsilon under one attack.'),
	axis: axis.optional().describe('The setting that is varied.'),
	seeds: z.array(z.int().nonnegative()).min(1).default([1]).describe('Of few-shot samples and tuning.'),
	evaluationSeed: z
		.int()
		.nonnegative()
		.default(1)
		.describe('Of the choice of test images and of attacks: the same images for every tuning seed.'),
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
			"Models of an attacker who does not know the attacked one, trained on the data set's training images; recipes.",
		),
	surrogateFiles: z
		.strictObject({ classifiers: z.array(z.string()).min(1).optional(), substitute: z.string().optional() })
		.optional()
		.describe(
			"Files (.onnx) that are taken for the attacker's models instead of training any, with what is known of their input: `resnet50.onnx?normalisation=imagenet&size=224`, and `caltech101=FILE` for one data set alone.",
		),
	shown: z
		.array(name)
		.default([])
		.describe('Methods whose runs the report looks into: learning curves, distortion, gallery.'),
	folders: z
		.enum(['shared', 'by-method'])
		.optional()
		.describe(
			'Where runs lie: shared with other experiments (the default), or in a folder per method of its own, which takes one model, data set and seed.',
		),
}

/** A definition as it may be written. */
export const writtenDefinition = z.strictObject(definitionFields)

/** What is missing follows from the rest. */
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

/** A definition in full; it is one that may be written, too. */
export type ExperimentDefinition = z.output<typeof completeDefinition>

function isTuned(method: string): boolean {
	return method !== 'vanilla'
}

/** `defense.options.refinerDepth` as `refiner-depth`. */
function kebab(setting: string): string {
	const last = setting.slice(setting.lastIndexOf('.') + 1)
	return last.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
