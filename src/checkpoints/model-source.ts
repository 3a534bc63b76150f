/**
 * What `--model` names: a place with further settings, as one text that records store and reopen:
 * `weights.pt?architecture=ViT-L-14&vision-weights=fare.pt`. The part after `?` is a query string as in addresses.
 */

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { NaptuneError } from '../core/errors.js'
import { didYouMean } from '../core/nearest.js'
import { isHubId } from '../hub/hub-id.js'

/** Settings that may follow the place. Those in `paths` are file paths. */
const keys = [
	'architecture',
	'vision-weights',
	'text-weights',
	'image-encoder',
	'text-encoder',
	'text-features',
	'tokenizer',
	'logit-scale',
] as const
const paths: ReadonlySet<string> = new Set([
	'vision-weights',
	'text-weights',
	'image-encoder',
	'text-encoder',
	'text-features',
	'tokenizer',
])

/** Name of a setting. */
export type SourceKey = (typeof keys)[number]

/** A model source in its parts. */
export interface ModelSource {
	/** Name, folder, file or hub id; empty where ONNX encoders make the model. */
	readonly place: string
	readonly settings: Readonly<Partial<Record<SourceKey, string>>>
}

/** Parses a source. @throws NaptuneError for a setting that does not exist, is given twice or is empty. */
export function parseModelSource(source: string): ModelSource {
	const mark = source.indexOf('?')
	if (mark < 0 || existsSync(source)) return { place: source, settings: {} }
	const settings: Partial<Record<SourceKey, string>> = {}
	for (const [key, value] of new URLSearchParams(source.slice(mark + 1))) {
		const known = keys.find((name) => name === key)
		if (!known) {
			throw new NaptuneError(
				'NAP_OPTION_UNKNOWN',
				`The model ${source} has the setting ${JSON.stringify(key)}; available settings: ${keys.join(', ')}.${didYouMean(key, keys)}`,
			)
		}
		if (value === '' || settings[known] !== undefined) {
			throw new NaptuneError(
				'NAP_OPTION_INVALID',
				`The model ${source} gives ${key} ${value === '' ? 'no value' : 'twice'}.`,
			)
		}
		settings[known] = value
	}
	return { place: source.slice(0, mark), settings }
}

/** Formats a source. */
export function modelSource({ place, settings }: ModelSource): string {
	const query = keys.flatMap((key) => {
		const value = settings[key]
		// Slashes and colons are kept, for people who read records.
		return value === undefined
			? []
			: [`${key}=${encodeURIComponent(value).replaceAll('%2F', '/').replaceAll('%3A', ':')}`]
	})
	return query.length === 0 ? place : `${place}?${query.join('&')}`
}

/** Architectures are names, or files of the user's own. */
function isPath(key: string, value: string): boolean {
	if (key === 'architecture') return isArchitectureFile(value)
	return paths.has(key) && (existsSync(value) || !isHubId(value))
}

/** Whether an architecture is given as a file and not by its name. */
export function isArchitectureFile(architecture: string): boolean {
	return architecture.endsWith('.json')
}

/**
 * The source with whole paths, so that a run that records it can be used from elsewhere.
 * @param isName Whether a place is a name rather than a path, such as that of the embedded model.
 */
export function absoluteSource(source: string, isName: (place: string) => boolean): string {
	const { place, settings } = parseModelSource(source)
	const whole = Object.fromEntries(
		Object.entries(settings).map(([key, value]) => [key, isPath(key, value) ? resolve(value) : value]),
	)
	return modelSource({
		place: place !== '' && !isName(place) && existsSync(place) ? resolve(place) : place,
		settings: whole,
	})
}
