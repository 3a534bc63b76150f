/** Options written after the name of a data source: `name?key=value&key=value`. */

import { entry } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'

/** A name and its options. */
export interface NameWithOptions<Key extends string> {
	readonly name: string
	readonly options: Readonly<Partial<Record<Key, string>>>
}

/**
 * Splits a name at its first question mark. Values may be percent-encoded.
 * @throws NaptuneError for an option that is unknown, repeated or empty.
 */
export function splitOptions<Key extends string>(text: string, known: readonly Key[]): NameWithOptions<Key> {
	const index = text.indexOf('?')
	const options: Partial<Record<Key, string>> = {}
	if (index < 0) return { name: text, options }
	for (const [key, value] of new URLSearchParams(text.slice(index + 1).replaceAll('+', '%2B'))) {
		const option = known.find((candidate) => candidate === key)
		if (option === undefined) {
			throw new NaptuneError(
				'NAP_OPTION_UNKNOWN',
				`${text} has the unknown option ${JSON.stringify(key)}; it may have ${known.join(', ')}.`,
			)
		}
		if (value === '' || options[option] !== undefined) {
			throw new NaptuneError(
				'NAP_OPTION_INVALID',
				`${text} sets the option ${key} ${value === '' ? 'to nothing' : 'twice'}.`,
			)
		}
		options[option] = value
	}
	return { name: text.slice(0, index), options }
}

/** The options as text, sorted by name; empty if there are none. */
export function optionsText(options: Readonly<Record<string, string>>): string {
	const pairs = Object.keys(options)
		.sort()
		.map((key) => `${key}=${encodeURIComponent(entry(options, key)).replaceAll('%2F', '/')}`)
	return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}
