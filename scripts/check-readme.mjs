// Checks that every link and picture of a README works with only the package: local targets must be packed files, anchors
// must be headings of their page, everything else needs a full address.
// Usage: node scripts/check-readme.mjs [README.md …] [--files list.json]
//   --files: names of the packed files as a JSON array; by default from npm.
import { readFile } from 'node:fs/promises'
import { dirname, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { npm } from './npm.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values, positionals } = parseArgs({ allowPositionals: true, options: { files: { type: 'string' } } })
const pages = positionals.length > 0 ? positionals : ['README.md']
const files = new Set(
	values.files
		? JSON.parse(await readFile(values.files, 'utf8'))
		: JSON.parse(await npm(['pack', '--dry-run', '--ignore-scripts', '--json'], { cwd: root }))[0].files.map(
				({ path }) => path,
			),
)
const folders = new Set()
for (const file of files) for (let at = dirname(file); at !== '.'; at = dirname(at)) folders.add(at)

/** Markdown without code, which contains no links. */
const withoutCode = (text) => text.replaceAll(/^(```|~~~)[\s\S]*?^\1/gm, '').replaceAll(/`[^`\n]*`/g, 'code')

/** Targets of links and pictures, those of HTML included. */
function targets(text) {
	const plain = withoutCode(text)
	const patterns = [
		/\]\(\s*<?([^)\s>]+)>?(?:\s+["'][^)]*)?\)/g,
		/^\s*\[[^\]]+\]:\s*<?(\S+?)>?\s*$/gm,
		/\b(?:src|href)="([^"]+)"/g,
	]
	return patterns.flatMap((pattern) => [...plain.matchAll(pattern)].map(([, target]) => target))
}

/** Anchors of a page, named like GitHub and npm name headings. */
function anchors(text) {
	const counts = new Map()
	const found = new Set([...text.matchAll(/\b(?:id|name)="([^"]+)"/g)].map(([, id]) => id))
	for (const [, heading] of text.replaceAll(/^(```|~~~)[\s\S]*?^\1/gm, '').matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
		const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/[`*~]|<[^>]+>/g, '')
		const slug = words
			.trim()
			.toLowerCase()
			.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
			.replaceAll(/\s/g, '-')
		const before = counts.get(slug) ?? 0
		counts.set(slug, before + 1)
		found.add(before === 0 ? slug : `${slug}-${before}`)
	}
	return found
}

const problems = []
let checked = 0
for (const page of pages) {
	const text = await readFile(page, 'utf8')
	if (!files.has(page)) problems.push(`${page} is not in the package`)
	for (const target of targets(text)) {
		checked++
		const wrong = (why) => problems.push(`${page}: ${target} ${why}`)
		if (/^(https:|mailto:)/.test(target)) continue
		if (/^[a-z][a-z+.-]*:/i.test(target)) {
			wrong('has an address that package pages do not open')
			continue
		}
		const [path, anchor] = target.split('#', 2)
		const at = path === '' ? page : posix.normalize(posix.join(posix.dirname(page), decodeURI(path))).replace(/\/$/, '')
		if (!files.has(at) && !folders.has(at)) wrong('is not in the package')
		else if (anchor && at.endsWith('.md') && !anchors(await readFile(at, 'utf8')).has(anchor)) {
			wrong(`refers to a heading missing in ${at}`)
		}
	}
}
for (const problem of problems) process.stderr.write(`${problem}\n`)
process.stdout.write(`${checked} links and pictures, ${problems.length} of them wrong\n`)
process.exitCode = problems.length > 0 ? 1 : 0
