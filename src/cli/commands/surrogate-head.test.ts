import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSurrogate } from '../../attacks/files/open-surrogate.js'
import { loadDataset } from '../../data/registry.js'
import type { JobResult } from '../../jobs/job.js'
import type { surrogateHead } from '../../jobs/surrogate-head.js'
import { createEngine } from '../../runtime/index.js'
import { runCli, runJson, writePhotos } from '../cli.test.helper.js'

const backbone = fileURLToPath(new URL('../../../models/surrogates/cifar10-mini/plain.onnx', import.meta.url))
const classes = ['yellow_car', 'grey_bus', 'old_lorry', 'red_van']
let folder: string
let args: (out: string, ...more: readonly string[]) => string[]
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-head-'))
	await writePhotos(join(folder, 'photos'), classes, 8)
	args = (out, ...more) => [
		...['surrogate', 'head', '--backbone', backbone, '--data', join(folder, 'photos'), '--threads', '1'],
		...['--out', join(folder, out), ...more],
	]
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('a new head', () => {
	it('tells the classes of the data apart on the features of another network, which stay as they were', async () => {
		const { code, document, stderr } = await runJson(args('head.onnx', '--epochs', '30', '--shots', '4'))
		expect([code, stderr.match(/error.*/i)]).toEqual([0, null])
		const { parameters, lastEpoch, testAccuracy } = document as JobResult<typeof surrogateHead>
		expect(lastEpoch.epoch).toBe(29)
		expect(lastEpoch.loss).toBeLessThan(Math.log(4))
		expect(testAccuracy).toBeGreaterThanOrEqual(0)

		const engine = await createEngine({ threads: 1 })
		try {
			const { classNames } = await loadDataset(join(folder, 'photos'))
			const own = await openSurrogate(engine, join(folder, 'head.onnx'), classNames)
			expect([...own.classifier.classNames].sort()).toEqual([...classes].sort())
			const { inputShape } = own.classifier
			const data = Float32Array.from({ length: inputShape.reduce((a, b) => a * b, 2) }, (_, index) => (index % 97) / 97)
			const images = { type: 'float32' as const, shape: [2, ...inputShape], data }
			const ours = await own.classifier.evaluate(images, ['features', 'logits'])
			const width = ours.features!.shape[1]!
			expect([ours.logits!.shape, parameters]).toEqual([[2, 4], 4 * width + 4])

			// A head on a head reads the very same features.
			const next = join(folder, 'next.onnx')
			const more = args('next.onnx', '--epochs', '1', '--backbone', join(folder, 'head.onnx'))
			expect((await runCli(more)).code).toBe(0)
			const theirs = await (await openSurrogate(engine, next, classNames)).classifier.evaluate(images, ['features'])
			expect(theirs.features!.data).toEqual(ours.features!.data)
		} finally {
			await engine.close()
		}
	})

	it('is made once, and refused over another', async () => {
		const again = await runJson(args('head.onnx', '--epochs', '30', '--shots', '4'))
		expect(again.code).toBe(0)
		const other = await runCli(args('head.onnx', '--epochs', '2', '--shots', '4'))
		expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('epochs')])
	})

	it('has a small surrogate without guesses in reproduce', async () => {
		const definition = {
			name: 'own',
			epsilon: '8/255',
			datasets: [join(folder, 'photos')],
			methods: ['vanilla'],
			conditions: ['clean', { attack: 'mi-cwa', madeOn: 'classifiers' }],
			surrogates: { classifiers: [{}], substitute: {}, weakBelow: 1 },
		}
		await writeFile(join(folder, 'own.json'), JSON.stringify(definition))
		const surrogate = ['--surrogate', join(folder, 'head.onnx')]
		const reproduce = ['reproduce', join(folder, 'own.json'), '--limit', '4', '--output', join(folder, 'out')]
		const { code, stdout } = await runCli([...reproduce, ...surrogate, '--threads', '1'])
		expect([code, stdout]).toEqual([0, expect.stringMatching(/head\.onnx \(\d+\.\d % right\)/)])
		// Of ten other classes.
		const foreign = await runCli([...reproduce, '--surrogate', backbone, '--threads', '1'])
		expect([foreign.code, foreign.stderr]).toEqual([1, expect.stringMatching(/problem: .*plain\.onnx/)])
	})
})

describe('a backbone that cannot be used', () => {
	it.each([
		['none.onnx', 'The backbone none.onnx cannot be read'],
		[`${backbone}?output-name=nothing`, 'has no output nothing; it has '],
		[`${backbone}?output-name=features`, 'expected one row per image'],
		[`${backbone}?normalization=imagenet`, 'Did you mean normalisation?'],
	])('is told: %s', async (given, message) => {
		const { code, stderr } = await runCli([...args('x.onnx'), '--backbone', given])
		expect([code, stderr]).toEqual([1, expect.stringContaining(message)])
	})

	it('is no picture of a model', async () => {
		const broken = join(folder, 'broken.onnx')
		await copyFile(join(folder, 'own.json'), broken)
		expect((await runCli([...args('x.onnx'), '--backbone', broken])).code).toBe(1)
	})
})
