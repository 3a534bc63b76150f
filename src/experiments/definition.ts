/** An experiment as a data file: methods by data sets by models by attacks by seeds, and the varied option. */

import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { NaptuneError } from '../core/errors.js'
import { didYouMean } from '../core/nearest.js'
import { explainIssues } from '../files/explain-issues.js'
import { readJsonFile } from '../files/json-file.js'
import { contradictions } from './contradictions.js'
import { completeDefinition, definitionFields, type ExperimentDefinition } from './definition-schema.js'
import { withProtocols } from './protocols.js'

export type { ExperimentDefinition } from './definition-schema.js'

const directory = fileURLToPath(new URL('../../experiments', import.meta.url))

const definitionSchema = completeDefinition.superRefine((definition, context) => {
	for (const { path, message } of contradictions(definition)) {
		context.addIssue({ code: 'custom', path: [...path], message })
	}
})

/** The content of an experiment's file. */
export const experimentFileSchema = z.strictObject({
	...definitionFields,
	quick: z
		.partialRecord(z.enum(Object.keys(definitionFields) as [keyof typeof definitionFields]), z.unknown())
		.optional()
		.describe(
			'Replaces entries of the definition for the small experiment on the embedded model and data, as whole entries.',
		),
})

/** A user's changes to an experiment, which replace whole entries. */
export type DefinitionChanges = Partial<z.input<typeof definitionSchema>>

/** Names of the paper's experiments, in its order. */
export const paperExperiments = [
	'table1',
	'table2',
	'table3',
	'fig4-layers',
	'fig5-alpha',
	'fig-refiner',
	'fig6-shots',
	'fig7-context',
] as const

/** Names of experiments that vary what the paper varies, one at a time, or that read its text differently. */
export const paperVariants = ['fig4-prompts', 'fig4-refiners', 'fig7-text'] as const

/** Names of the experiments in the package: the paper's, and comparisons on the embedded model. */
export const experimentNames = [...paperExperiments, ...paperVariants, 'fair', 'ablation', 'family'] as const

/** Whether the package has an experiment with this name. */
export function isPackaged(name: string): boolean {
	return (experimentNames as readonly string[]).includes(name)
}

/**
 * Reads an experiment of the package by name, or any other by the path of its `.json` file.
 * @param options `protocol` as for `withProtocols`; by default the definition chooses each method's protocol.
 * @throws NaptuneError for an unknown name, listing the wrong fields of the file, or as `withProtocols`.
 */
export async function loadExperiment(
	nameOrPath: string,
	{ protocol, ...options }: LoadExperimentOptions & { readonly protocol?: readonly string[] } = {},
): Promise<ExperimentDefinition> {
	return withProtocols(await loadWrittenExperiment(nameOrPath, options), protocol)
}

/** Options of {@link loadExperiment}. */
export interface LoadExperimentOptions {
	/** Use the small experiment on the embedded model and data. */
	readonly quick?: boolean
	/** Replacements for entries of the definition. */
	readonly changes?: DefinitionChanges
}

/** Like {@link loadExperiment}, but keeps all protocols to choose from. @throws NaptuneError likewise. */
export async function loadWrittenExperiment(
	nameOrPath: string,
	{ quick = false, changes = {} }: LoadExperimentOptions = {},
): Promise<ExperimentDefinition> {
	const own = nameOrPath.endsWith('.json')
	const path = own ? nameOrPath : join(directory, `${nameOrPath}.json`)
	if (!own && !isPackaged(nameOrPath)) {
		throw new NaptuneError(
			'NAP_NAME_UNKNOWN',
			`Unknown experiment ${nameOrPath}; choose one of ${experimentNames.join(', ')}, or give the path of a .json file.${didYouMean(nameOrPath, experimentNames)}`,
		)
	}
	if (!existsSync(path)) throw new NaptuneError('NAP_FILE_MISSING', `The experiment ${path} does not exist.`)
	const content = await readJsonFile(path)
	const { quick: small } = usable(experimentFileSchema, content, path)
	if (quick && !small) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`The experiment ${path} has no quick form; add one under "quick", or run it without --quick.`,
		)
	}
	const { quick: _, ...whole } = content as Readonly<Record<string, unknown>>
	return usable(definitionSchema, { ...whole, ...(quick && small), ...changes }, path)
}

/** A definition that is not in a file. @throws NaptuneError that lists its wrong fields. */
export function experimentOf(written: z.input<typeof definitionSchema>): ExperimentDefinition {
	return withProtocols(usable(definitionSchema, written, written.name))
}

/** Experiments in the folder, to find those that {@link experimentNames} lacks; for a test. */
export async function packagedExperiments(): Promise<string[]> {
	const files = await readdir(directory)
	return files.filter((file) => file.endsWith('.json')).map((file) => basename(file, '.json'))
}

function usable<T>(schema: z.ZodType<T>, content: unknown, name: string): T {
	const result = schema.safeParse(content)
	if (result.success) return result.data
	throw new NaptuneError(
		'NAP_FILE_INVALID',
		`The experiment ${name} is invalid:\n${explainIssues(result.error, schema, content)}`,
	)
}
