// Compares AutoAttack with the official code in PyTorch, in turns stage by stage; see README.md here.
// Usage: node scripts/bench-autoattack/bench.mjs --python PYTHON --autoattack FOLDER [--help]

import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { prepareAttack } from '../../dist/attacks/registry.js'
import { imageStreams } from '../../dist/attacks/run/image-streams.js'
import { runAttack } from '../../dist/attacks/run/run-attack.js'
import { parseEpsilon } from '../../dist/attacks/sets/threat-model.js'
import { crossEntropyObjective } from '../../dist/classifier/objectives/objective.js'
import { passCounter } from '../../dist/classifier/pass-counter.js'
import { predictions } from '../../dist/classifier/predictions.js'
import { range, takeRows } from '../../dist/core/rows.js'
import { int64 } from '../../dist/core/tensor.js'
import { loadCifar10Mini } from '../../dist/data/cifar10-mini.js'
import { prepareDefense } from '../../dist/defenses/registry.js'
import { deployedClassifier } from '../../dist/evaluation/deployed/deployed-classifier.js'
import { preparedImages } from '../../dist/evaluation/robustness/evaluate.js'
import { writeSafetensors } from '../../dist/files/safetensors-write.js'
import { computeTextFeatures } from '../../dist/methods/tuning/text-side.js'
import { createEngine } from '../../dist/runtime/index.js'
import { loadClip } from '../../dist/vlm/model.js'

const whole = (text) => Number.parseInt(text, 10)
const options = new Command()
	.requiredOption('--python <path>', 'a Python with torch, transformers and safetensors')
	.requiredOption('--autoattack <folder>', 'a checkout of github.com/fra31/auto-attack')
	.option('--images <count>', 'number of test images; those that are right when clean are attacked', whole, 100)
	.option('--batch <count>', 'images per batch on both sides', whole, 250)
	.option('--threads <count>', 'threads on both sides', whole, 2)
	.option('--rounds <count>', 'runs of every stage on either side; the fastest counts', whole, 1)
	.option('--epsilon <number>', 'L-infinity', '1/255')
	.option('--stages <names>', 'separated by commas', 'apgd-ce,apgd-t,fab-t,square')
	.option('--seed <number>', 'seed of random starts and squares', whole, 0)
	.option('--output <file>', 'writes the measurement as JSON')
	.parse()
	.opts()
const { batch, threads, rounds, seed } = options
const epsilon = parseEpsilon(options.epsilon)

// Our side.
const directory = fileURLToPath(new URL('../../models/nano', import.meta.url))
const engine = await createEngine({ threads })
const clip = await loadClip(directory)
const { test, classNames } = await loadCifar10Mini()
const defense = prepareDefense('vanilla', clip, classNames, {})
const text = await computeTextFeatures(engine, defense, {}, 64)
const classifier = await deployedClassifier(engine, clip, defense, {}, { textFeatures: text })
const stride = Math.floor(test.length / options.images)
const positions = range(0, options.images).map((index) => index * stride)
const images = await preparedImages(clip, test, positions)
const labels = positions.map((position) => test.label(position))
const ids = positions.map((position) => test.id(position))
const { logits } = await classifier.evaluate(images, ['logits'])
const predicted = predictions(logits, ids)
const right = range(0, ids.length).filter((row) => predicted[row] === labels[row])

async function timed(action) {
	const counter = passCounter()
	const before = process.cpuUsage()
	const start = performance.now()
	const result = await action(counter.watch(classifier))
	const wall = (performance.now() - start) / 1000
	const { user, system } = process.cpuUsage(before)
	const { evaluations, gradients } = counter.passes()
	return { ...result, wall, cpu: (user + system) / 1e6, forwards: evaluations + gradients, backwards: gradients }
}
const batchesOf = (rows) =>
	range(0, Math.ceil(rows.length / batch)).map((at) => rows.slice(at * batch, (at + 1) * batch))
const ours = {
	gradients: (rows) =>
		timed(async (watched) => {
			for (const part of batchesOf(rows)) {
				const side = {
					labels: int64(
						[part.length],
						part.map((row) => labels[row]),
					),
				}
				await watched.gradient(takeRows(images, part), crossEntropyObjective, side)
			}
		}),
	evaluations: (rows) =>
		timed(async (watched) => {
			for (const part of batchesOf(rows)) await watched.evaluate(takeRows(images, part), ['logits'])
		}),
	stage: (rows, { name }) =>
		timed(async (watched) => {
			const run = runAttack({
				classifier: watched,
				attack: prepareAttack(name),
				threatModel: { norm: 'linf', epsilon },
				images: {
					ids: rows.map((row) => ids[row]),
					labels: rows.map((row) => labels[row]),
					pixels: async (own) =>
						takeRows(
							images,
							own.map((at) => rows[at]),
						),
				},
				streams: imageStreams(seed),
				batchSize: batch,
			})
			const kept = new Map()
			for await (const { outcomes } of run) {
				for (const { id, label, adversarialPrediction } of outcomes) kept.set(id, adversarialPrediction === label)
			}
			return { right: rows.map((row) => kept.get(ids[row])) }
		}),
}

// The official side.
const folder = await mkdtemp(join(tmpdir(), 'naptune-bench-'))
const inputs = join(folder, 'inputs.safetensors')
await writeSafetensors(inputs, {
	images: { dtype: 'F32', shape: images.shape, data: images.data },
	labels: { dtype: 'I32', shape: [labels.length], data: Int32Array.from(labels) },
	logits: { dtype: 'F32', shape: logits.shape, data: logits.data },
	text: { dtype: 'F32', shape: text.shape, data: text.data },
})
const { mean, std } = clip.statistics
const script = fileURLToPath(new URL('official.py', import.meta.url))
const python = spawn(options.python, [script, inputs, directory, JSON.stringify({ mean, std }), String(threads)], {
	env: { ...process.env, PYTHONPATH: options.autoattack },
	stdio: ['pipe', 'pipe', 'inherit'],
})
const answers = createInterface({ input: python.stdout })[Symbol.asyncIterator]()
const answer = async () => {
	const { value, done } = await answers.next()
	if (done) throw new Error('The PyTorch side has ended; see its message above.')
	return JSON.parse(value)
}
const official = (command) => {
	python.stdin.write(`${JSON.stringify(command)}\n`)
	return answer()
}

const perImage = (one, count) => ({ wall: (1000 * one.wall) / count, cpu: (1000 * one.cpu) / count })
const show = (what, own, other, count) => {
	const [a, b] = [perImage(own, count), perImage(other, count)]
	const ms = ({ wall, cpu }) => `${wall.toFixed(2)} ms (cpu ${cpu.toFixed(2)})`
	const calls = ({ forwards, backwards }) => `${forwards} forward ${backwards} backward`
	console.log(
		`${what}: ${count} images; ours ${ms(a)} per image, ${calls(own)}; official ${ms(b)}, ${calls(other)}; ratio wall ${(b.wall / a.wall).toFixed(2)}, cpu ${(b.cpu / a.cpu).toFixed(2)}`,
	)
}
const best = (list) => list.reduce((a, b) => (b.wall < a.wall ? b : a))
/** Runs both sides in turn several times; returns the fastest of each. */
async function inTurn(times, own, other) {
	const [a, b] = [[], []]
	for (let round = 0; round < times; round++) {
		a.push(await own())
		b.push(await other())
	}
	return [best(a), best(b)]
}

try {
	const about = await answer()
	console.log(
		`${engine.version} and PyTorch ${about.torch}, ${threads} threads, batch ${batch}, epsilon ${options.epsilon}.`,
	)
	console.log(
		`${right.length} of ${ids.length} images are right; logits differ by at most ${about.logits.toExponential(1)}.`,
	)
	const passes = {}
	const many = range(0, 250).map((at) => at % ids.length)
	for (const size of [50, 250]) {
		for (const what of ['gradients', 'evaluations']) {
			const rows = range(0, 250).map((at) => many[at])
			const parts = range(0, 250 / size).map((at) => rows.slice(at * size, (at + 1) * size))
			const own = () =>
				timed(async (watched) => {
					for (const part of parts) {
						const side = {
							labels: int64(
								[size],
								part.map((row) => labels[row]),
							),
						}
						const pixels = takeRows(images, part)
						if (what === 'gradients') await watched.gradient(pixels, crossEntropyObjective, side)
						else await watched.evaluate(pixels, ['logits'])
					}
				})
			const [a, b] = await inTurn(8, own, () => official({ do: what, rows, batch: size }))
			show(`${what} in batches of ${size}`, a, b, 250)
			passes[`${what} ${size}`] = { ours: a, official: b }
		}
	}
	const stages = {}
	const standing = { ours: right, official: right }
	const total = {
		ours: { wall: 0, cpu: 0, forwards: 0, backwards: 0 },
		official: { wall: 0, cpu: 0, forwards: 0, backwards: 0 },
	}
	for (const name of options.stages.split(',')) {
		const count = standing.ours.length
		const [a, b] = await inTurn(
			rounds,
			() => ours.stage(standing.ours, { name }),
			() => official({ do: 'stage', rows: standing.official, name, norm: 'Linf', epsilon, seed, batch }),
		)
		standing.ours = standing.ours.filter((_, at) => a.right[at])
		standing.official = standing.official.filter((_, at) => b.right[at])
		for (const key of Object.keys(total.ours)) {
			total.ours[key] += a[key]
			total.official[key] += b[key]
		}
		show(`${name}, ${standing.ours.length} and ${standing.official.length} left`, a, b, count)
		stages[name] = { images: count, left: [standing.ours.length, standing.official.length], ours: a, official: b }
	}
	show('all stages', total.ours, total.official, right.length)
	if (options.output) {
		const record = {
			engine: engine.version,
			...about,
			threads,
			batch,
			rounds,
			seed,
			epsilon,
			images: ids.length,
			right: right.length,
			load: loadavg(),
			passes,
			stages,
			total,
		}
		const text = JSON.stringify(
			record,
			(key, value) => (key === 'right' && Array.isArray(value) ? undefined : value),
			'\t',
		)
		await writeFile(options.output, `${text}\n`)
	}
} finally {
	python.stdin.end()
	await engine.close()
	await rm(folder, { recursive: true, force: true })
}
