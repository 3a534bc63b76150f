/**
 * Measures the cost of starting: processor time (user and system) and wall time of short processes, best and median of several.
 * The first row is Node.js's own start, which all others include.
 *
 * node bench/start.mjs [--runs 15] [--json]
 */

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const root = new URL('..', import.meta.url)
const runs = Number(option('--runs') ?? 15)
const { exports: subpaths, bin } = JSON.parse(await readFile(new URL('package.json', root), 'utf8'))
const importing = (specifier) => ['--input-type=module', '--eval', `import ${JSON.stringify(specifier)}`]
const rows = [
	['node', ['--input-type=module', '--eval', '0']],
	['naptune --help', [bin.naptune, '--help']],
	['naptune --version', [bin.naptune, '--version']],
	['naptune tune --help', [bin.naptune, 'tune', '--help']],
	...Object.entries(subpaths)
		.filter(([, target]) => typeof target === 'object')
		.map(([subpath]) => `naptune${subpath.slice(1)}`)
		.map((specifier) => [`import '${specifier}'`, importing(specifier)]),
]

// The process measures itself when it ends, so that the numbers exclude this process.
const measuring = `data:text/javascript,${encodeURIComponent(
	"process.on('exit', () => { const { userCPUTime, systemCPUTime } = process.resourceUsage(); process.stderr.write('\\nnaptune-start ' + (userCPUTime + systemCPUTime) / 1e6) })",
)}`
const results = []
for (const [name, args] of rows) {
	const processor = []
	const wall = []
	for (let run = 0; run < runs; run++) {
		const start = performance.now()
		const { stderr } = await promisify(execFile)(process.execPath, ['--import', measuring, ...args], { cwd: root })
		wall.push((performance.now() - start) / 1000)
		processor.push(Number(/naptune-start (\S+)/.exec(stderr)[1]))
	}
	results.push({ name, processor: summary(processor), wall: summary(wall) })
	if (!process.argv.includes('--json')) {
		const text = ({ best, median }) => `${best.toFixed(3)} / ${median.toFixed(3)} s`
		const { processor, wall } = results.at(-1)
		console.log(`${name.padEnd(36)} processor ${text(processor)}   wall ${text(wall)}`)
	}
}
if (process.argv.includes('--json')) console.log(JSON.stringify({ node: process.version, runs, results }, null, 2))

function summary(values) {
	const sorted = [...values].sort((a, b) => a - b)
	return { best: sorted[0], median: sorted[Math.floor(sorted.length / 2)] }
}

function option(name) {
	const at = process.argv.indexOf(name)
	return at < 0 ? undefined : process.argv[at + 1]
}
