/**
 * Chooses preset photos: a few photographs per class on nano, with settings compared only on validation images.
 *
 *     npm run build && node scripts/choose-photos-preset.mjs FOLDER [--samples 3] [--confirm]
 *
 * A sample resembles a user's data: five classes of 20 photographs, drawn by a seed from the training images of
 * cifar10-mini; `naptune tune` splits them itself. 40 further training images of each class serve as validation images (the
 * sample's own 20 are too few for a choice). The test images are used once, with `--confirm`: the default command on three
 * samples that played no part in the choice. FOLDER holds images and runs; a stopped call resumes where it stopped.
 */

import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import sharp from 'sharp'
import { loadDataset } from '../dist/data/index.js'
import { createEngine, evaluate, tune } from '../dist/index.js'
import { generator, permutation } from '../dist/random/index.js'

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: { samples: { type: 'string', default: '3' }, confirm: { type: 'boolean', default: false } },
})
const folder = resolve(positionals[0] ?? 'runs/choose-photos')
const classesPerSample = 5
const photographs = 20
const forChoice = 40

/** Learning rate, images per step and passes; everything else is preset photos. */
const candidates = [0.0001, 0.0002, 0.0005].flatMap((learningRate) =>
	[25, 50].flatMap((batchSize) => [20, 40].map((epochs) => ({ learningRate, batchSize, epochs }))),
)

const cifar = await loadDataset('cifar10-mini', { seed: 1 })
const engine = await createEngine()

async function writeImages(split, indices, directory) {
	await mkdir(directory, { recursive: true })
	for (const index of indices) {
		const { width, height, rgb } = await split.image(index)
		const path = join(directory, `${index}.png`)
		if (!existsSync(path))
			await sharp(rgb, { raw: { width, height, channels: 3 } })
				.png()
				.toFile(path)
	}
}

function positions(split, label) {
	return Array.from({ length: split.length }, (_, index) => index).filter((index) => split.label(index) === label)
}

/** Folders of a sample: the user's `photos`, and `choice` and `test` with other images to attack. */
async function makeSample(seed) {
	const root = join(folder, `sample-${seed}`)
	for (const label of permutation(generator(seed, 'photos-classes'), cifar.classNames.length).slice(
		0,
		classesPerSample,
	)) {
		const name = cifar.classNames[label]
		const all = positions(cifar.train, label)
		const order = permutation(generator(seed, 'photos', String(label)), all.length).map((index) => all[index])
		const own = order.slice(0, photographs)
		await writeImages(cifar.train, own, join(root, 'photos', name))
		for (const [part, split, indices] of [
			['choice', cifar.train, order.slice(photographs, photographs + forChoice)],
			['test', cifar.test, positions(cifar.test, label).slice(0, forChoice)],
		]) {
			await writeImages(cifar.train, own, join(root, part, 'train', name))
			await writeImages(split, indices, join(root, part, 'test', name))
		}
	}
	return root
}

/** Tunes with these settings and attacks images that the run has not seen. @returns Accuracies of vanilla and the run. */
async function measure(root, name, part, attack, settings) {
	const output = join(root, 'runs', name)
	const record = join(output, `${part}.json`)
	if (existsSync(record)) return JSON.parse(await readFile(record, 'utf8'))
	const data = join(root, 'photos')
	const resume = existsSync(join(output, 'run.json'))
	const { seconds, epsilon } = await tune(
		{ data, output, preset: 'photos', resume, ...settings },
		{ engine: async () => engine },
	)
	const { rows } = await evaluate(
		{ run: output, data: join(root, part), attack, epsilon: String(epsilon), knowledge: ['full'] },
		{ engine: async () => engine },
	)
	const of = (defense) => {
		const { clean, robust } = rows.find((row) => row.defense === defense)
		return { clean: clean.accuracy, robust: robust.accuracy }
	}
	const result = { seconds, epsilon, vanilla: of('vanilla'), nap: of('nap') }
	await writeFile(record, JSON.stringify(result))
	return result
}

const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length
const percent = (share) => `${(100 * share).toFixed(1)} %`

if (values.confirm) {
	for (const seed of [101, 102, 103]) {
		const { seconds, epsilon, vanilla, nap } = await measure(await makeSample(seed), 'default', 'test', 'pgd-100', {})
		console.log(
			`sample ${seed}, ${seconds.toFixed(0)} s, epsilon ${(epsilon * 255).toFixed(0)}/255: vanilla ${percent(vanilla.clean)} clean, ${percent(vanilla.robust)} under pgd-100; nap ${percent(nap.clean)}, ${percent(nap.robust)}`,
		)
	}
} else {
	const samples = []
	for (let seed = 1; seed <= Number(values.samples); seed++) samples.push(await makeSample(seed))
	const table = []
	for (const candidate of candidates) {
		const { learningRate, batchSize, epochs } = candidate
		const results = []
		for (const root of samples) {
			const name = `rate-${learningRate}-batch-${batchSize}-epochs-${epochs}`
			const set = { optimizer: { learningRate } }
			results.push(await measure(root, name, 'choice', 'pgd-20', { batchSize, epochs, epsilon: '3/255', set }))
		}
		const of = (model) => ({
			clean: mean(results.map((result) => result[model].clean)),
			robust: mean(results.map((result) => result[model].robust)),
		})
		const row = {
			...candidate,
			seconds: mean(results.map(({ seconds }) => seconds)),
			vanilla: of('vanilla'),
			nap: of('nap'),
		}
		table.push(row)
		console.log(
			`rate ${learningRate}, batch ${batchSize}, ${epochs} epochs: ${percent(row.nap.clean)} clean, ${percent(row.nap.robust)} under pgd-20, sum ${percent(row.nap.clean + row.nap.robust)} (vanilla ${percent(row.vanilla.clean)}, ${percent(row.vanilla.robust)}), ${row.seconds.toFixed(0)} s`,
		)
	}
	await writeFile(join(folder, 'table.json'), `${JSON.stringify(table, null, '\t')}\n`)
}
await engine.release?.()
