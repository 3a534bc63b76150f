/** Mutations of the values in a JSON text. */

import { changeBytes } from './bytes.mjs'

const deep = (levels) => {
	let value = []
	for (let level = 0; level < levels; level++) value = draw2(value, level)
	return value
}
const draw2 = (value, level) => (level % 2 === 0 ? [value] : { a: value })
const values = [
	() => null,
	() => true,
	() => -1,
	() => 0,
	() => 0.5,
	() => 1e308,
	() => 3_075_000_000,
	() => 2 ** 53,
	() => '',
	() => 'x',
	() => '7',
	() => 'x'.repeat(100_000),
	() => '\u001b[31mred\u0007\u0000\ud800',
	() => '=1+1',
	() => '../../../etc/passwd',
	() => '(a+)+$',
	() => [],
	() => ({}),
	() => deep(10_000),
	() => Array.from({ length: 50_000 }, (_, at) => at),
	() => ({ __proto__: { polluted: true }, constructor: 1, toString: 2 }),
	() => JSON.parse('{"__proto__": {"polluted": true}}'),
]

/** All places in a value, as [container, key]. Long lists and maps are sampled. */
function places(root, draw) {
	const found = []
	const visit = (value) => {
		if (typeof value !== 'object' || value === null) return
		const keys = Object.keys(value)
		const some = keys.length <= 200 ? keys : Array.from({ length: 50 }, () => draw.pick(keys))
		for (const key of some) {
			found.push([value, Array.isArray(value) ? Number(key) : key])
			if (found.length < 5000) visit(value[key])
		}
	}
	visit(root)
	return found
}

/** Mutations by name; each changes a value in place. */
const jsonChanges = {
	replace(root, draw) {
		const [container, key] = draw.pick(places(root, draw))
		container[key] = draw.pick(values)()
	},
	remove(root, draw) {
		const [container, key] = draw.pick(places(root, draw))
		if (Array.isArray(container)) container.splice(key, 1)
		else delete container[key]
	},
	rename(root, draw) {
		const [container, key] = draw.pick(places(root, draw))
		if (Array.isArray(container)) return
		container[draw.pick([`${key}s`, '__proto__', '', key.toUpperCase()])] = container[key]
		delete container[key]
	},
	double(root, draw) {
		const [container, key] = draw.pick(places(root, draw))
		if (Array.isArray(container)) container.splice(key, 0, structuredClone(container[key]))
		else container[`${key}2`] = structuredClone(container[key])
	},
	swap(root, draw) {
		const all = places(root, draw)
		const [a, keyA] = draw.pick(all)
		const [b, keyB] = draw.pick(all)
		const kept = structuredClone(a[keyA])
		a[keyA] = structuredClone(b[keyB])
		b[keyB] = kept
	},
	number(root, draw) {
		const numbers = places(root, draw).filter(([container, key]) => typeof container[key] === 'number')
		if (numbers.length === 0) return
		const [container, key] = draw.pick(numbers)
		container[key] = draw.pick([
			-1,
			0,
			0.5,
			1e308,
			-1e308,
			2 ** 31,
			3_075_000_000,
			2 ** 53,
			container[key] + 1,
			-container[key],
		])
	},
}

/** Applies one mutation of a value or of a byte to a JSON text or JSON lines. */
export function changeJson(bytes, draw) {
	if (draw.chance(0.2)) return changeBytes(bytes, draw)
	const text = bytes.toString('utf8')
	const lines = text.trimEnd().split('\n')
	try {
		const root = JSON.parse(text)
		return Buffer.from(JSON.stringify(changed(root, draw)))
	} catch {
		// Perhaps JSON lines.
	}
	try {
		const at = draw.below(lines.length)
		lines[at] = JSON.stringify(changed(JSON.parse(lines[at]), draw))
		return Buffer.from(`${lines.join('\n')}\n`)
	} catch {
		return changeBytes(bytes, draw)
	}
}

function changed(root, draw) {
	if (typeof root !== 'object' || root === null || Object.keys(root).length === 0 || draw.chance(0.02)) {
		return draw.pick(values)()
	}
	jsonChanges[draw.pick(Object.keys(jsonChanges))](root, draw)
	return root
}
