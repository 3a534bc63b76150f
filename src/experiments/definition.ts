/** An experiment as a data file: methods by data sets by models by attacks by seeds, and the option that is varied. */

import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { NaptuneError } from '../core/errors.js'
import { explainIssues } from '../files/explain-issues.js'
import { readJsonFile } from '../files/json-file.js'
import { contradictions } from './contradictions.js'

const directory = fileURLToPath(new URL('../../experiments', import.meta.url))

const name = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'words of small letters and digits, joined by -')
const settings = z.record(z.string(), z.unknown())

const methodSchema = z.strictObject({
	/** As papers write it. */
	title: z.string(),
	/** The registered defense; by default the one of the method's name. */
	defense: z.string().optional(),
	/** Settings of tuning over those of the experiment. */
	tuning: settings.default({}),
})

const conditionSchema = z
	.strictObject({
		name,
		title: z.string(),
		/** Clean accuracy on the images of this other condition: nothing is computed for it. */
		cleanOf: name.optional(),
		/** Name of an attack or of a preset of one. */
		attack: z.string().optional(),
		options: settings.default({}),
		/** L-infinity, such as `1/255`; by default the experiment's. */
		epsilon: z.string().optional(),
		/** Where the images are made: white box on the attacked model itself, or once on models of the attacker. */
		madeOn: z.enum(['model', 'classifiers', 'substitute']).default('model'),
	})
	.refine(({ cleanOf, attack }) => (cleanOf === undefined) !== (attack === undefined), {
		message: 'give either an attack, or cleanOf for clean images',
	})

const fields = {
	name,
	version: z.int().positive(),
	title: z.string(),
	/** What it measures and how it differs from the paper. */
	doc: z.string(),
	layout: z.enum(['table', 'curve', 'matrix']),
	models: z.array(z.string()).min(1),
	datasets: z.array(z.string()).min(1),
	/** Preset whose tuning settings are the start. */
	preset: z.string(),
	/** Settings over the preset's, for all methods. */
	tuning: settings.default({}),
	/** Settings over those of methods, too, by whoever runs it; points of the axis stay. */
	overrides: settings.optional(),
	/** L-infinity of attacks that do not say otherwise. */
	epsilon: z.string(),
	/** Test images per cell by condition, `default` for the others; all where neither is given. */
	images: z.record(z.string(), z.int().positive()).default({}),
	methods: z.record(name, methodSchema),
	/** Method that others are compared with on the same images. */
	reference: name.optional(),
	conditions: z.array(conditionSchema),
	/** Robust accuracy over epsilon under one attack. */
	epsilonCurve: z
		.strictObject({ attack: z.string(), epsilons: z.array(z.string()).min(1), methods: z.array(name).min(1) })
		.optional(),
	axis: z
		.strictObject({
			name,
			title: z.string(),
			scale: z.enum(['linear', 'log']).default('linear'),
			/** Methods that depend on it; the others are measured once. */
			methods: z.array(name).min(1),
			points: z.array(z.strictObject({ value: z.number(), label: z.string().optional(), tuning: settings })).min(3),
		})
		.optional(),
	/** Of few-shot samples and tuning. */
	seeds: z.array(z.int().nonnegative()).min(1),
	/** Of the choice of test images and of attacks: the same images for every tuning seed. */
	evaluationSeed: z.int().nonnegative().default(1),
	/** Models of an attacker who does not know the attacked one, trained on the data set's training images. */
	surrogates: z.strictObject({ classifiers: z.array(settings).min(1), substitute: settings }).optional(),
	/** Files (`.onnx`) that are taken for the attacker's models instead of training any. */
	surrogateFiles: z
		.strictObject({ classifiers: z.array(z.string()).min(1).optional(), substitute: z.string().optional() })
		.optional(),
	/** Methods whose runs the report looks into: learning curves, distortion, gallery. */
	shown: z.array(name).default([]),
}

const definitionSchema = z.strictObject(fields).superRefine((definition, context) => {
	for (const { path, message } of contradictions(definition)) {
		context.addIssue({ code: 'custom', path: [...path], message })
	}
})

const fileSchema = z.strictObject({
	...fields,
	/** What the small experiment on the embedded model and data has instead. */
	quick: z.partialRecord(z.enum(Object.keys(fields) as [keyof typeof fields]), z.unknown()).optional(),
})

/** A validated experiment. */
export type ExperimentDefinition = z.output<typeof definitionSchema>

/** Changes of an experiment by whoever runs it; whole entries are replaced. */
export type DefinitionChanges = Partial<z.input<typeof definitionSchema>>

/** Names of the experiments that come with the package, in the paper's order. */
export const experimentNames = [
	'table1',
	'table2',
	'table3',
	'fig4-layers',
	'fig5-alpha',
	'fig-refiner',
	'fig6-shots',
	'fig7-context',
] as const

/**
 * Reads an experiment of the package by its name, or anyone's by the path of its `.json` file.
 * @param quick The small experiment on the embedded model and data.
 * @throws NaptuneError for an unknown name, or listing the wrong fields of the file.
 */
export async function loadExperiment(
	nameOrPath: string,
	{ quick = false, changes = {} }: { readonly quick?: boolean; readonly changes?: DefinitionChanges } = {},
): Promise<ExperimentDefinition> {
	const own = nameOrPath.endsWith('.json')
	const path = own ? nameOrPath : join(directory, `${nameOrPath}.json`)
	if (!own && !(experimentNames as readonly string[]).includes(nameOrPath)) {
		throw new NaptuneError(
			`Unknown experiment ${nameOrPath}; choose one of ${experimentNames.join(', ')}, or give the path of a .json file.`,
		)
	}
	if (!existsSync(path)) throw new NaptuneError(`The experiment ${path} does not exist.`)
	const { quick: small, ...whole } = parsed(fileSchema, await readJsonFile(path), path)
	if (quick && !small) {
		throw new NaptuneError(
			`The experiment ${path} has no quick form; add one under "quick", or run it without --quick.`,
		)
	}
	return parsed(definitionSchema, { ...whole, ...(quick && small), ...changes }, path)
}

/** Whether a file of the folder is an experiment that {@link experimentNames} forgot; for a test. */
export async function packagedExperiments(): Promise<string[]> {
	const files = await readdir(directory)
	return files.filter((file) => file.endsWith('.json')).map((file) => basename(file, '.json'))
}

function parsed<T>(schema: z.ZodType<T>, content: unknown, path: string): T {
	const result = schema.safeParse(content)
	if (result.success) return result.data
	throw new NaptuneError(`The experiment ${path} is not usable:\n${explainIssues(result.error, schema)}`)
}
