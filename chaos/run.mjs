/** The campaign: `node chaos/run.mjs --kills 300 --seed 7`. */

import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { generator } from '../dist/random/counter-based.js'
import { prepare, scenarios } from './scenarios.mjs'
import { changes, snapshot } from './snapshot.mjs'

const { values: options } = parseArgs({
	options: {
		kills: { type: 'string', default: '20' },
		seed: { type: 'string', default: '1' },
		command: { type: 'string', multiple: true, default: Object.keys(scenarios) },
		jobs: { type: 'string', default: '1' },
	},
})
const [wanted, seed, jobs] = ['kills', 'seed', 'jobs'].map((name) => Number(options[name]))
const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const faults = new URL('./faults.mjs', import.meta.url).href
const root = await mkdtemp(join(tmpdir(), 'naptune-chaos-'))
const base = join(root, 'base')
const isRoot = process.getuid?.() === 0
const mounts = new Set()

/** Starts a command. */
function start(args, env = {}) {
	const child = spawn(process.execPath, ['--import', faults, program, ...args], {
		stdio: ['ignore', 'ignore', 'pipe'],
		env: { ...process.env, NAPTUNE_SPINNING: '0', ...env },
	})
	let said = ''
	child.stderr.setEncoding('utf8').on('data', (text) => {
		said = (said + text).slice(-4000)
	})
	const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, said })))
	return { child, ended }
}

/** Result, number of operations and duration of an undisturbed command. */
async function reference(name) {
	const { begin, args, exitCodes = [0] } = scenarios[name]
	const folder = join(root, `${name}-reference`)
	await begin(base, folder)
	const count = join(root, `${name}-count`)
	const began = performance.now()
	const { code, said } = await start(args(base, folder), { CHAOS_COUNT: count }).ended
	if (!exitCodes.includes(code)) throw new Error(`${name} ended with ${code}: ${said}`)
	const operations = Number(await readFile(count, 'utf8'))
	return { files: await snapshot(folder), operations, seconds: (performance.now() - began) / 1000 }
}

/** Truncates the last line of logs, as an interrupted write does. */
async function tearLogs(folder, draw) {
	for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
		if (!entry.isFile() || !entry.name.endsWith('.jsonl') || draw.uniform() < 0.5) continue
		// Finished files are no longer being written.
		if (existsSync(join(entry.parentPath, 'result.json'))) continue
		const path = join(entry.parentPath, entry.name)
		const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
		const last = lines.at(-1) ?? ''
		if (last.length > 1) await appendFile(path, last.slice(0, 1 + draw.below(last.length - 1)))
	}
}

function mount(folder, size, remount = false) {
	const more = remount ? `remount,size=${size}` : `size=${size}`
	const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', more, 'tmpfs', folder])
	if (status === 0) mounts.add(folder)
	return status === 0
}

/**
 * Repeats a command under faults until it ends by itself, and compares.
 * @returns The number of killed processes, and the problems.
 */
async function iteration(name, number, known) {
	const { begin, args, exitCodes = [0] } = scenarios[name]
	const draw = generator(seed, 'chaos', name, number)
	const folder = join(root, `${name}-${number}`)
	const kinds = { operation: 0, time: 0, pair: 0, full: 0 }
	const problems = []
	await mkdir(folder, { recursive: true })
	const small = draw.uniform() < 0.15
	const isMounted = small && isRoot && mount(folder, `${40 + draw.below(400)}k`)
	try {
		let isWhole = true
		await begin(base, folder).catch((error) => {
			if (!isMounted) throw error
			isWhole = false
		})
		if (small) {
			const env = isMounted ? {} : { CHAOS_AT: 1 + draw.below(known.operations), CHAOS_WHAT: 'full' }
			const { code, said } = await start(args(base, folder), env).ended
			kinds.full++
			if (code !== 1 && !exitCodes.includes(code)) problems.push(`full disk: exit code ${code}: ${said}`)
			// If its inputs did not fit, it reports what is missing.
			else if (code === 1 && isWhole && !/full|space|quota/i.test(said)) problems.push(`full disk: it says ${said}`)
			if (isMounted && !mount(folder, '512m', true)) throw new Error('The small file system could not be made larger.')
			// Even its inputs did not fit.
			if (isMounted) await begin(base, folder)
		}
		const kills = 1 + draw.below(4)
		for (let kill = 0; kill < kills; kill++) {
			const byOperation = draw.uniform() < 0.6
			const what = ['before', 'half', 'after'][draw.below(3)]
			const env = byOperation ? { CHAOS_AT: String(1 + draw.below(known.operations)), CHAOS_WHAT: what } : {}
			const first = start(args(base, folder), env)
			const second = draw.uniform() < 0.15 ? start(args(base, folder)) : undefined
			const timer = setTimeout(
				() => first.child.kill('SIGKILL'),
				byOperation ? 600_000 : 1000 * known.seconds * (0.2 + 0.9 * draw.uniform()),
			)
			const { code, signal, said } = await first.ended
			clearTimeout(timer)
			if (second) {
				const other = await second.ended
				// It may report another active process, or see that one's unfinished work.
				if (other.signal || (other.code !== 1 && !exitCodes.includes(other.code))) {
					problems.push(`second process: ${other.signal ?? other.code}: ${other.said}`)
				} else if (/This is a bug in naptune/.test(other.said)) problems.push(`second process: ${other.said}`)
			}
			if (signal === 'SIGKILL') kinds[second ? 'pair' : byOperation ? 'operation' : 'time']++
			else if (!exitCodes.includes(code) && !second) problems.push(`ended with ${signal ?? code}: ${said}`)
			if (signal === 'SIGKILL' && !second) await tearLogs(folder, draw)
		}
		const { code, said } = await start(args(base, folder)).ended
		if (!exitCodes.includes(code)) problems.push(`at the end: exit code ${code}: ${said}`)
		else problems.push(...changes(known.files, await snapshot(folder)))
	} finally {
		if (isMounted) spawnSync('umount', [folder])
		mounts.delete(folder)
		if (problems.length === 0) await rm(folder, { recursive: true, force: true })
	}
	return { kinds, problems, folder }
}

async function campaign() {
	await mkdir(base, { recursive: true })
	await prepare(base)
	const names = options.command
	const known = new Map()
	for (const name of names) known.set(name, await reference(name))
	const totals = new Map(names.map((name) => [name, { runs: 0, operation: 0, time: 0, pair: 0, full: 0, equal: 0 }]))
	let killed = 0
	let number = 0
	const failures = []
	const loop = async () => {
		while (killed < wanted) {
			const own = number++
			const name = names[own % names.length]
			const { kinds, problems, folder } = await iteration(name, own, known.get(name))
			const total = totals.get(name)
			total.runs++
			for (const [kind, count] of Object.entries(kinds)) total[kind] += count
			killed += kinds.operation + kinds.time + kinds.pair
			if (problems.length === 0) total.equal++
			else {
				failures.push({ name, number: own })
				console.error(`${name} ${own} (${folder}):\n  ${problems.join('\n  ')}`)
			}
		}
	}
	const began = performance.now()
	await Promise.all(Array.from({ length: jobs }, loop))
	console.table(
		[...totals].map(([name, { runs, operation, time, pair, full, equal }]) => ({
			command: name,
			runs,
			'kills at a write': operation,
			'kills at a time': time,
			'kills beside another': pair,
			'full disks': full,
			'same bytes': equal,
		})),
	)
	const minutes = ((performance.now() - began) / 60_000).toFixed(1)
	console.log(
		`${killed} kills in ${minutes} min, seed ${seed}: ${failures.length === 0 ? 'all to the same bytes' : `${failures.length} runs differ`}`,
	)
	return failures.length === 0 ? 0 : 1
}

try {
	process.exitCode = await campaign()
} finally {
	for (const folder of mounts) spawnSync('umount', [folder])
	if (process.exitCode === 0 && existsSync(root)) await rm(root, { recursive: true, force: true })
}
