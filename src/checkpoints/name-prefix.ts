/** Removes prefixes that training programs add to weight names. */

import { dtypeSize } from '../files/safetensors-dtype.js'
import { canonicalWeights } from '../vlm/weight-names.js'
import type { StoredWeights } from './weight-files.js'

/** Of DataParallel, of a module that holds the CLIP, and of torch.compile; also several of them. */
const prefix = /^(?:(?:module|_orig_mod|clip|clip_model|model|net|state_dict)\.)+/

/**
 * The weights by the names that are expected, where a prefix stands before all of them. Names without it, such as those
 * of other parts, stay.
 * @param expected Names that must be there.
 * @returns The weights, and the prefix that was taken off.
 */
export function withoutPrefix(
	stored: StoredWeights,
	expected: ReadonlyMap<string, unknown>,
): { readonly weights: StoredWeights; readonly prefix?: string } {
	const [first] = expected.keys()
	if (first === undefined || stored.tensors.has(first)) return { weights: stored }
	for (const name of stored.tensors.keys()) {
		const own = name.endsWith(first) ? name.slice(0, -first.length) : ''
		if (own === '' || prefix.exec(own)?.[0] !== own) continue
		// Some weight may be missing for another reason, but not all.
		const found = [...expected.keys()].filter((other) => stored.tensors.has(own + other)).length
		if (found < expected.size / 2) continue
		const tensors = new Map(
			[...stored.tensors].map(([key, tensor]) => [key.startsWith(own) ? key.slice(own.length) : key, tensor]),
		)
		return { weights: { ...stored, tensors }, prefix: own }
	}
	return { weights: stored }
}

/** A name that every file of open_clip's layout has, by what it holds. */
const anchors = {
	both: /^(.*?)visual\.conv1\.weight$/,
	image: /^(.*?)(?:visual\.)?conv1\.weight$/,
	text: /^(.*?)(?:text\.)?token_embedding\.weight$/,
} as const

/**
 * Weights of any layout by transformers' names, without copying. A prefix before the names of openai/CLIP and open_clip is
 * taken off on the way.
 * @param tower `image` or `text` for a file that may hold that tower alone, whose names may lack `visual.` or `text.`.
 */
export function canonicalStored(
	stored: StoredWeights,
	tower: 'both' | 'image' | 'text' = 'both',
): { readonly weights: StoredWeights; readonly prefix?: string } {
	const anchor = anchors[tower]
	let own = ''
	for (const name of stored.tensors.keys()) {
		const before = anchor.exec(name)?.[1] ?? ''
		if (before !== '' && prefix.exec(before)?.[0] === before) own = before
	}
	const named =
		own === ''
			? stored.tensors
			: new Map([...stored.tensors].map(([name, it]) => [name.startsWith(own) ? name.slice(own.length) : name, it]))
	const tensors = canonicalWeights(named, ({ dtype }) => dtypeSize(dtype), tower)
	return { weights: { ...stored, tensors }, ...(own === '' ? {} : { prefix: own }) }
}
