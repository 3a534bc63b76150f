/** Input number i of a target: intact files after some mutations, each of which is a step that can be skipped. */

import { changeBytes } from './bytes.mjs'
import { drawing } from './draw.mjs'
import { changeJson } from './json.mjs'

/**
 * @param prepared Result of the target's `prepare()`: `inputs`, a list of files by name.
 * @param kept Numbers of the steps to apply; all by default.
 * @returns The files, and the number of steps.
 */
export function inputOf(target, prepared, seed, index, kept) {
	const draw = drawing(seed, target.name, index)
	const original = draw.pick(prepared.inputs)
	const files = new Map(Object.entries(original))
	const changeable = [...files.keys()].filter((name) => target.changes?.(name) ?? true)
	const steps = 1 + draw.below(draw.chance(0.3) ? 8 : 2)
	for (let step = 0; step < steps; step++) {
		const own = drawing(seed, target.name, index, step)
		const name = own.pick(changeable)
		if (kept && !kept.has(step)) continue
		const bytes = Buffer.from(files.get(name))
		const others = prepared.inputs.flatMap((other) => (other[name] ? [Buffer.from(other[name])] : []))
		const change = target.change ?? changeByName
		files.set(name, change(bytes, own, others, name))
	}
	return { files: Object.fromEntries(files), steps }
}

/** Mutates JSON by its values, everything else by its bytes. */
export function changeByName(bytes, draw, others, name) {
	return /\.jsonl?$/.test(name) ? changeJson(bytes, draw) : changeBytes(bytes, draw, others)
}
