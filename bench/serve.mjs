/**
 * Measures naptune serve under load, compared with a plain handler that classifies one picture at a time, with the engine alone
 * and, given a Python with FastAPI and onnxruntime, with a Python server of the exported model. All take turns in every round,
 * because the speed of a shared machine varies.
 *
 * node bench/serve.mjs RUN [--clients 1,8,64] [--seconds 10] [--rounds 3] [--side 640] [--batch 16] [--serve "OPTIONS"]
 *   [--python PYTHON --export FOLDER] [--peers "naptune serve,plain handler"] [--soak MINUTES] [--output FILE]
 */

import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import autocannon from 'autocannon'
import sharp from 'sharp'
import { generator } from '../dist/random/index.js'

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		clients: { type: 'string', default: '1,8,64' },
		seconds: { type: 'string', default: '10' },
		rounds: { type: 'string', default: '3' },
		side: { type: 'string', default: '640' },
		batch: { type: 'string', default: '16' },
		serve: { type: 'string', default: '' },
		python: { type: 'string' },
		export: { type: 'string' },
		soak: { type: 'string', default: '0' },
		peers: { type: 'string' },
		output: { type: 'string' },
	},
})
const [run] = positionals
if (!run) {
	console.error('Give the run directory of naptune tune.')
	process.exit(2)
}
const clients = values.clients.split(',').map(Number)
const seconds = Number(values.seconds)
const rounds = Number(values.rounds)
const side = Number(values.side)
const pictures = await makePictures(32, side)
const own = (path) => fileURLToPath(new URL(path, import.meta.url))
const more = values.serve.split(' ').filter((word) => word !== '')
const servers = {
	'naptune serve': () =>
		started(
			process.execPath,
			[own('../dist/cli/main.js'), 'serve', run, '--port', '0', '--log', 'json', '--batch-size', values.batch, ...more],
			(line) => {
				const event = line.startsWith('{') ? JSON.parse(line) : {}
				return event.event === 'ready' ? `${event.url}/v1/classify` : undefined
			},
		),
	'plain handler': () => started(process.execPath, [own('serve/plain.mjs'), run], urlLine),
	...(values.python
		? { 'Python server': () => started(values.python, [own('serve/python.py'), values.export], urlLine) }
		: {}),
}
const running = {}
for (const [name, start] of Object.entries(servers)) {
	if (!values.peers || values.peers.split(',').includes(name)) running[name] = await start()
}
const engine = await started(
	process.execPath,
	[own('serve/engine.mjs'), run, values.batch, String(seconds)],
	(line) => (line === 'ready' ? 'ready' : undefined),
	true,
)

const rows = []
for (let round = 1; round <= rounds; round++) {
	tell({ round, peer: 'engine alone', clients: null, ...(await engine.measure()) })
	for (const count of clients) {
		for (const [name, { url, process: child }] of Object.entries(running)) {
			tell({
				round,
				peer: name,
				clients: count,
				...(await load(url, count, seconds, child.pid)),
				residentMiB: resident(child.pid),
			})
		}
	}
}
engine.process.stdin.end()
const soak = Number(values.soak) > 0 ? await soaked(running['naptune serve'], Number(values.soak) * 60) : undefined
for (const { process: child } of Object.values(running)) child.kill()

const document = {
	what: 'naptune serve under load; made by bench/serve.mjs',
	date: new Date().toISOString().slice(0, 10),
	node: process.version,
	spinning: {
		'naptune serve': process.env.NAPTUNE_SPINNING === '1',
		others: process.env.NAPTUNE_SPINNING !== '0',
	},
	loadAverage: loadavg(),
	cores: cpus().length,
	processor: cpus()[0]?.model,
	run: describedRun(),
	pictures: {
		format: 'jpeg',
		width: side,
		height: Math.round(side * 0.75),
		different: pictures.length,
		meanBytes: mean(pictures.map(({ length }) => length)),
	},
	seconds,
	rounds,
	batch: Number(values.batch),
	options: more,
	summary: summary(),
	rows,
	...(soak ? { soak } : {}),
}
console.table(document.summary)
if (values.output) writeFileSync(values.output, `${JSON.stringify(document, null, '\t')}\n`)

function tell(row) {
	rows.push(row)
	console.error(JSON.stringify(row))
}

/**
 * Medians over rounds; shares are relative to the engine alone in the same round. The share of processor time per picture is
 * also valid on a busy machine, as long as waiting threads do not spin (NAPTUNE_SPINNING=0).
 */
function summary() {
	const alone = new Map(rows.filter(({ peer }) => peer === 'engine alone').map((row) => [row.round, row]))
	const groups = Map.groupBy ? Map.groupBy(rows, keyOf) : grouped(rows)
	return [...groups.values()].map((group) => ({
		peer: group[0].peer,
		clients: group[0].clients,
		imagesPerSecond: rounded(median(group.map((row) => row.imagesPerSecond))),
		shareOfEngine: rounded(median(group.map((row) => row.imagesPerSecond / alone.get(row.round).imagesPerSecond))),
		processorMilliseconds: rounded(median(group.map((row) => row.processorMilliseconds))),
		shareOfProcessorTime: rounded(
			median(group.map((row) => alone.get(row.round).processorMilliseconds / row.processorMilliseconds)),
		),
		p50Milliseconds: rounded(median(group.map((row) => row.p50Milliseconds))),
		p99Milliseconds: rounded(median(group.map((row) => row.p99Milliseconds))),
		failures: group.reduce((sum, row) => sum + (row.failures ?? 0), 0),
		residentMiB: rounded(median(group.map((row) => row.residentMiB))),
	}))
}

function keyOf({ peer, clients: count }) {
	return `${peer} ${count}`
}

function grouped(all) {
	const groups = new Map()
	for (const row of all) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row])
	return groups
}

/** Waits until a server has worked off what clients that left had sent: it would slow down whatever is measured next. */
async function drained(url) {
	await fetch(url, { method: 'POST', headers: { 'content-type': 'image/jpeg' }, body: pictures[0] })
}

async function load(url, connections, duration, pid) {
	const requests = pictures.map((body) => ({ method: 'POST', headers: { 'content-type': 'image/jpeg' }, body }))
	// Measure the warm server, not its first request.
	await autocannon({ url, connections, duration: 1, requests, timeout: 60 })
	await drained(url)
	const before = processorMilliseconds(pid)
	const result = await autocannon({ url, connections, duration, requests, timeout: 60 })
	const spent = processorMilliseconds(pid) - before
	await drained(url)
	return {
		imagesPerSecond: result['2xx'] / result.duration,
		processorMilliseconds: spent / result['2xx'],
		p50Milliseconds: result.latency.p50,
		p99Milliseconds: result.latency.p99,
		failures: result.non2xx + result.errors + result.timeouts,
	}
}

/** Samples memory once a second while the server is fully loaded. */
async function soaked({ url, process: child }, duration) {
	const residentMiB = []
	const timer = setInterval(() => residentMiB.push(resident(child.pid)), 1000)
	const found = await load(url, 64, duration, child.pid)
	clearInterval(timer)
	const minutes = []
	for (let at = 0; at < residentMiB.length; at += 60) minutes.push(rounded(mean(residentMiB.slice(at, at + 60))))
	return {
		clients: 64,
		seconds: duration,
		...found,
		residentMiBByMinute: minutes,
		largestMiB: Math.max(...residentMiB),
	}
}

/** Processor time of all threads so far; ticks are hundredths of a second on Linux. */
function processorMilliseconds(pid) {
	const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
	return (Number(fields[11]) + Number(fields[12])) * 10
}

function resident(pid) {
	return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
}

function urlLine(line) {
	return line.startsWith('url ') ? line.slice(4) : undefined
}

async function started(command, args, ready, measures = false) {
	const child = spawn(command, args, { stdio: [measures ? 'pipe' : 'ignore', 'pipe', 'pipe'] })
	const lines = createInterface({ input: child.stdout })
	if (!measures) lines.resume()
	process.on('exit', () => child.kill())
	const texts = []
	const url = await new Promise((resolve, reject) => {
		createInterface({ input: child.stderr }).on('line', (line) => {
			texts.push(line)
			if (texts.length > 50) texts.shift()
			const found = ready(line)
			if (found) resolve(found)
		})
		child.on('exit', (code) => reject(new Error(`${command} ended with ${code}:\n${texts.join('\n')}`)))
	})
	const measure = () =>
		new Promise((resolve) => {
			lines.once('line', (line) => resolve(JSON.parse(line)))
			child.stdin.write('\n')
		})
	return { process: child, url, measure }
}

/** Pictures with the detail of photographs: noise of several sizes, one over the other. */
async function makePictures(count, width) {
	const height = Math.round(width * 0.75)
	const noise = async (stream, cells) => {
		const size = { width: cells, height: Math.max(1, Math.round(cells * 0.75)), channels: 3 }
		const bytes = Buffer.from(
			Array.from({ length: size.width * size.height * 3 }, () => Math.floor(stream.uniform() * 256)),
		)
		return sharp(bytes, { raw: size }).resize(width, height, { kernel: 'cubic' }).raw().toBuffer()
	}
	const made = []
	for (let index = 0; index < count; index++) {
		const stream = generator(1, 'picture', index)
		const layers = [await noise(stream, 4), await noise(stream, 24), await noise(stream, Math.min(160, width))]
		const mixed = Buffer.from(layers[0].map((value, at) => 0.6 * value + 0.3 * layers[1][at] + 0.1 * layers[2][at]))
		made.push(
			await sharp(mixed, { raw: { width, height, channels: 3 } })
				.jpeg({ quality: 90 })
				.toBuffer(),
		)
	}
	return made
}

function describedRun() {
	const { defense, model } = JSON.parse(readFileSync(`${run}/run.json`, 'utf8'))
	return { defense: defense.name, weights: model.sha256 }
}

function mean(list) {
	return list.reduce((sum, value) => sum + value, 0) / list.length
}

function median(list) {
	const sorted = list.filter((value) => value !== undefined).sort((a, b) => a - b)
	return sorted.length === 0 ? undefined : sorted[Math.floor(sorted.length / 2)]
}

function rounded(value) {
	return value === undefined ? undefined : Number(value.toPrecision(4))
}
