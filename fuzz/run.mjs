/** The campaign: `node fuzz/run.mjs --minutes 20 --seed 7`. */

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { minimize } from './minimize.mjs'
import { createWorker } from './pool.mjs'
import { loadTarget, targetNames } from './targets/index.mjs'

const { values: options } = parseArgs({
	options: {
		minutes: { type: 'string', default: '2' },
		seed: { type: 'string', default: '1' },
		jobs: { type: 'string', default: '2' },
		inputs: { type: 'string', default: 'Infinity' },
		target: { type: 'string', multiple: true, default: targetNames },
		replay: { type: 'string' },
	},
})
const findingsFolder = fileURLToPath(new URL('./findings/', import.meta.url))
const limitsOf = ({ seconds = 30, megabytes = 1536 }) => ({ seconds, megabytes })
process.env.FUZZ_SHARED = await mkdtemp(join(tmpdir(), 'naptune-fuzz-shared-'))
process.exitCode = options.replay === undefined ? await campaign() : await replay(options.replay)
await rm(process.env.FUZZ_SHARED, { recursive: true, force: true })

async function campaign() {
	const [minutes, seed, jobs, most] = ['minutes', 'seed', 'jobs', 'inputs'].map((name) => Number(options[name]))
	const until = performance.now() + 60_000 * minutes
	const states = await Promise.all(
		options.target.map(async (name) => ({
			target: await loadTarget(name),
			next: 0,
			busy: false,
			used: 0,
			counts: { ok: 0, refused: 0, findings: 0 },
		})),
	)
	const findings = []
	const loop = async () => {
		const worker = createWorker()
		try {
			for (;;) {
				const left = (until - performance.now()) / 1000
				// The target that had the least time so far.
				const free = states.filter(({ busy, next }) => !busy && next < most)
				const own = free.reduce((least, one) => (least && least.used <= one.used ? least : one), undefined)
				if (left <= 0 || !own) return
				own.busy = true
				const began = performance.now()
				const request = {
					kind: 'inputs',
					target: own.target.name,
					seed,
					from: own.next,
					to: most,
					seconds: Math.min(5, left),
				}
				const found = []
				own.next = await worker.run(request, limitsOf(own.target), (result) => {
					if (result.outcome === 'ok' || result.outcome === 'refused') own.counts[result.outcome]++
					else found.push(result)
				})
				own.used += performance.now() - began
				own.busy = false
				for (const result of found) {
					own.counts.findings++
					const finding = { target: own.target.name, seed, ...result, files: undefined }
					findings.push(finding)
					if (own.counts.findings <= 20) await write(finding, own.target)
				}
			}
		} finally {
			worker.close()
		}
	}
	const write = async (finding, target) => {
		const folder = join(findingsFolder, `${finding.target}-${finding.seed}-${finding.index}`)
		await rm(folder, { recursive: true, force: true })
		await mkdir(folder, { recursive: true })
		await writeFile(join(folder, 'finding.json'), `${JSON.stringify(finding, null, '\t')}\n`)
		console.error(`${finding.target} ${finding.index}: ${finding.outcome}: ${finding.message?.slice(0, 200)}`)
		if (finding.index < 0) return
		const worker = createWorker()
		const files = await minimize(worker, finding, limitsOf(target)).finally(worker.close)
		for (const [name, bytes] of Object.entries(files ?? {})) {
			await mkdir(dirname(join(folder, 'files', name)), { recursive: true })
			await writeFile(join(folder, 'files', name), Buffer.from(bytes))
		}
	}
	await Promise.all(Array.from({ length: jobs }, loop))
	const rows = states.map(({ target, counts, used }) => ({
		target: target.name,
		inputs: counts.ok + counts.refused + counts.findings,
		...counts,
		seconds: Math.round(used / 1000),
	}))
	console.table(rows)
	const total = rows.reduce((sum, { inputs }) => sum + inputs, 0)
	console.log(
		`${total} inputs, ${findings.length} findings${findings.length > 0 ? ` in ${findingsFolder}` : ''}, seed ${seed}`,
	)
	return findings.length > 0 ? 1 : 0
}

async function replay(folder) {
	const { target: name } = JSON.parse(await readFile(join(folder, 'finding.json'), 'utf8'))
	const target = await loadTarget(name)
	const root = join(folder, 'files')
	const entries = await readdir(root, { recursive: true, withFileTypes: true })
	const files = {}
	for (const entry of entries) {
		if (!entry.isFile()) continue
		const path = join(entry.parentPath, entry.name)
		files[path.slice(root.length + 1)] = await readFile(path)
	}
	const worker = createWorker()
	let failed = false
	await worker.run({ kind: 'files', target: name, files }, limitsOf(target), (result) => {
		console.log(result.outcome, result.stack ?? result.message ?? '')
		failed ||= result.outcome !== 'ok' && result.outcome !== 'refused'
	})
	worker.close()
	return failed ? 1 : 0
}
