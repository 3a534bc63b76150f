/** Captures what must be equal at the end: parameters, outcomes, images and settings, without times. */

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readSafetensorsTensors } from '../dist/files/safetensors.js'

/** JSON fields that differ between any two runs. */
const volatile =
	/^(seconds|.*Seconds|passes|residentBytes|peakBytes|startedAt|finishedAt|record|path|run|directory|store|origin|output)$/

/** Fingerprints by path of each file in a folder, without figures, tables and pages, which follow from records, and without temporary files of killed processes.
 */
export async function snapshot(folder) {
	const found = new Map()
	const entries = await readdir(folder, { recursive: true, withFileTypes: true })
	for (const entry of entries) {
		const path = join(entry.parentPath, entry.name)
		const name = path.slice(folder.length + 1)
		if (!entry.isFile() || /\.tmp$|\.(html|svg|png|md|csv|tex)$|(^|\/)tables\//.test(name)) continue
		found.set(name, await contentOf(name, path))
	}
	return found
}

function contentOf(name, path) {
	if (name.endsWith('.safetensors')) return tensors(path)
	return name.endsWith('.safetensors.sha256') ? checksum(path) : readFile(path).then((bytes) => what(name, bytes))
}

/** Whether a checksum matches its file; the checksum itself depends on times in the file's header. */
async function checksum(path) {
	const [stated] = (await readFile(path, 'utf8')).trim().split(/\s+/)
	const content = await readFile(path.replace(/\.sha256$/, '')).catch(() => undefined)
	if (!content) return 'of a file that is not there'
	return createHash('sha256').update(content).digest('hex') === stated ? 'right' : 'wrong'
}

/** Tensors without the times in the header. */
async function tensors(path) {
	const hash = createHash('sha256')
	const found = await readSafetensorsTensors(path)
	for (const name of [...found.keys()].sort()) {
		const { dtype, shape, data } = found.get(name)
		hash.update(JSON.stringify([name, dtype, shape])).update(data)
	}
	return hash.digest('hex')
}

function what(name, bytes) {
	const text = bytes.toString('utf8')
	try {
		if (name.endsWith('.json')) return JSON.stringify(timeless(JSON.parse(text)))
		if (name.endsWith('.jsonl')) {
			const lines = text.split('\n').filter((line) => line !== '')
			return JSON.stringify(lines.map((line) => timeless(JSON.parse(line))))
		}
	} catch {
		return `no JSON: ${text.slice(-100)}`
	}
	return createHash('sha256').update(bytes).digest('hex')
}

function timeless(value) {
	if (Array.isArray(value)) return value.map(timeless)
	if (typeof value !== 'object' || value === null) return value
	return Object.fromEntries(
		Object.entries(value).flatMap(([key, own]) => (volatile.test(key) ? [] : [[key, timeless(own)]])),
	)
}

/** Names of files that differ between two snapshots, with the differences. */
export function changes(expected, found) {
	const names = [...new Set([...expected.keys(), ...found.keys()])].sort()
	return names.flatMap((name) => {
		if (!found.has(name)) return [`${name} is missing`]
		if (!expected.has(name)) return [`${name} is extra`]
		return expected.get(name) === found.get(name)
			? []
			: [`${name} differs: ${firstChange(expected.get(name), found.get(name))}`]
	})
}

function firstChange(a, b) {
	let at = 0
	while (at < a.length && a[at] === b[at]) at++
	return `…${a.slice(Math.max(0, at - 40), at + 60)} and …${b.slice(Math.max(0, at - 40), at + 60)}`
}
