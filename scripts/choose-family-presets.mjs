/**
 * How the learning rates in preset family were chosen: by the rule of preset fair, on the 100 validation images of cifar10-mini
 * alone. Every method is tuned under preset family with each of its rates, for half the epochs, and attacked by PGD-20. The rate with
 * the largest sum of clean and attacked accuracy is taken, the smallest among equals, and written into the preset.
 *
 *     npm run build && node scripts/choose-family-presets.mjs FOLDER [--methods tecoa,fare] [--record results/family/choice.json]
 *
 * FOLDER holds the runs; a stopped call resumes where it stopped. Rows of other methods in the record stay.
 */

import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { createEngine, evaluate, tune } from '../dist/index.js'

/** Rates to choose from: weights of a pretrained tower take smaller ones than prompts that start at random. */
const weights = [0.0003, 0.001]
const prompts = [0.002, 0.01]
const rates = {
	tecoa: [0.0001, ...weights],
	fare: weights,
	trades: weights,
	mart: weights,
	maple: prompts,
	apd: prompts,
	cocoop: prompts,
}

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		methods: { type: 'string', default: Object.keys(rates).join(',') },
		record: { type: 'string' },
		threads: { type: 'string' },
	},
})
const folder = resolve(positionals[0] ?? 'runs/choose-family')
const record = resolve(values.record ?? join(folder, 'choice.json'))
const engine = await createEngine(values.threads ? { threads: Number(values.threads) } : {})
const preset = new URL('../presets/family.json', import.meta.url)
const epochs = JSON.parse(await readFile(preset, 'utf8')).tuning.epochs / 2
const attack = 'pgd-20'
const epsilon = '3/255'

async function trial(defense, learningRate) {
	const output = join(folder, `${defense}-${learningRate}`)
	const resources = { engine: async () => engine }
	const { seconds } = await tune(
		{
			data: 'cifar10-mini',
			output,
			preset: 'family',
			epochs,
			defense,
			set: { optimizer: { learningRate } },
			resume: existsSync(join(output, 'run.json')),
		},
		resources,
	)
	const { rows } = await evaluate({ run: output, split: 'validation', attack, epsilon, vanilla: false }, resources)
	const [{ clean, robust }] = rows
	return { defense, learningRate, clean: clean.accuracy, robust: robust.accuracy, images: clean.total, seconds }
}

async function earlierRows() {
	return existsSync(record) ? JSON.parse(await readFile(record, 'utf8')).rows : []
}

for (const defense of values.methods.split(',')) {
	const rows = []
	for (const learningRate of rates[defense]) {
		const row = await trial(defense, learningRate).catch((error) => {
			// A rate that a method collapses at cannot win; that it did is part of the record.
			if (error?.code !== 'NAP_TRAINING_FAILED' && error?.code !== 'NAP_VALUES_NOT_FINITE') throw error
			return { defense, learningRate, failed: error.code }
		})
		rows.push(row)
		console.log(JSON.stringify(row))
	}
	const sum = ({ clean = 0, robust = 0 }) => clean + robust
	const best = rows.reduce((one, other) => (sum(other) > sum(one) ? other : one))
	const marked = rows.map((row) => ({ ...row, chosen: row === best }))
	const others = (await earlierRows()).filter((row) => row.defense !== defense)
	await mkdir(dirname(record), { recursive: true })
	const rule = 'largest sum of clean and attacked accuracy on the validation images, the smallest rate among equals'
	const content = { epochs, attack, epsilon, rule, rows: [...others, ...marked] }
	await writeFile(record, `${JSON.stringify(content, null, '\t')}\n`)
	const { methods, ...settings } = JSON.parse(await readFile(preset, 'utf8'))
	const own = { ...methods[defense], optimizer: { learningRate: best.learningRate } }
	// The same loss takes the same rate.
	const alike =
		defense === 'tecoa'
			? { 'adversarial-training': { ...methods['adversarial-training'], optimizer: own.optimizer } }
			: {}
	await writeFile(
		preset,
		`${JSON.stringify({ ...settings, methods: { ...methods, [defense]: own, ...alike } }, null, '\t')}\n`,
	)
	console.log(`${defense}: ${best.learningRate}`)
}
await engine.close()
