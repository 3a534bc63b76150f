import { existsSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { imageStreams } from '../attacks/image-streams.js'
import { predictions } from '../attacks/predictions.js'
import { prepareAttack } from '../attacks/registry.js'
import { threatModel } from '../attacks/threat-model.js'
import { subset } from '../data/dataset.js'
import { initialParameters } from '../defenses/defense.js'
import { prepareDefense } from '../defenses/registry.js'
import { chooseTestTimeDefense } from '../defenses/test-time/registry.js'
import { readJsonLines } from '../files/json-lines.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import { tinyClip, tinyDataset } from '../tuning/tiny.test.support.js'
import { deployedClassifier } from './deployed-classifier.js'
import { preparedImages, summarize } from './evaluate.js'
import { readEvaluationRecord } from './record.js'
import { type EvaluationRecord, type RecordedEvaluationInput, recordedEvaluation } from './recorded-evaluation.js'
import { testTimeClassifier } from './test-time-classifier.js'

describe('recordedEvaluation', () => {
	let engine: ModelEngine
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
	})
	afterAll(() => engine.close())

	async function setting(): Promise<RecordedEvaluationInput> {
		const folder = await temporaryFolder()
		const clip = await tinyClip(join(folder, 'model'))
		const dataset = tinyDataset()
		const defense = prepareDefense('nap', clip, dataset.classNames, { textPrompts: 2, visualPrompts: 2 })
		return {
			engine,
			clip,
			dataset,
			splitName: 'test',
			split: dataset.test,
			defense,
			parameters: await initialParameters(defense, 2),
			attack: prepareAttack('pgd-20', { steps: 2 }),
			threatModel: threatModel('linf', 8 / 255),
			seed: 3,
			batchSize: 5,
			path: join(folder, 'evaluations', 'record.json'),
		}
	}
	const timeless = (record: EvaluationRecord | undefined) => ({
		...record,
		seconds: 0,
		model: { ...record!.model, source: '' },
	})

	it('writes a record that is read back and says how its numbers came about', async () => {
		const input = await setting()
		const record = (await recordedEvaluation(input))!
		// Two contexts of 2 vectors in each tower (16 and 24 wide), and a refiner d, 2d, d before the second block of both.
		const contexts = 2 * 2 * (16 + 24)
		const refiners = 2 * 2 * (16 ** 2 + 24 ** 2) + 3 * (16 + 24)
		expect(await readEvaluationRecord(input.path)).toEqual(record)
		expect(record).toMatchObject({
			defense: { name: 'nap', options: { textPrompts: 2, refinerDepth: 2 }, trainableParameters: contexts + refiners },
			knowledge: 'full',
			attack: { name: 'pgd-20', attack: 'pgd', options: { steps: 2, relativeStepSize: 0.25, start: 'uniform' } },
			threatModel: { norm: 'linf', epsilon: 8 / 255 },
			seed: 3,
			model: { sha256: input.clip.checkpoint.sha256 },
			dataset: { name: 'tiny', split: 'test', images: 12, classNames: ['cat', 'dog', 'ship'] },
			versions: { engine: engine.version, device: engine.device },
			images: 12,
		})
		expect(existsSync(`${input.path}.outcomes.jsonl`)).toBe(false)
	})

	it('writes how a test-time defense was attacked: straight through it, or without knowing it', async () => {
		const input = await setting()
		const testTime = chooseTestTimeDefense('ttc', { threshold: 0.5 })
		const transferPath = join(dirname(input.path), 'transfer.json')
		const plain = (await recordedEvaluation({ ...input, path: join(dirname(input.path), 'plain.json') }))!
		const full = (await recordedEvaluation({ ...input, testTime }))!
		const transfer = (await recordedEvaluation({ ...input, testTime, knowledge: 'transfer', path: transferPath }))!
		expect(plain.testTime).toBeUndefined()
		expect(full).toMatchObject({
			defense: { name: 'nap' },
			testTime: { name: 'ttc', options: testTime.options, attackedThrough: 'bpda-identity' },
			knowledge: 'full',
		})
		expect(transfer).toMatchObject({ testTime: { name: 'ttc', attackedThrough: 'none' }, knowledge: 'transfer' })
		expect(await readEvaluationRecord(input.path)).toEqual(full)
		expect(await readEvaluationRecord(transferPath)).toEqual(transfer)
		const clean = (record: EvaluationRecord) => record.outcomes.map(({ cleanPrediction }) => cleanPrediction)
		expect(clean(transfer)).toEqual(clean(full))

		// The images of the transfer are those of the plain model, classified with the defense.
		const { clip, defense, parameters, split, attack, threatModel: threat } = input
		const surrogate = await deployedClassifier(engine, clip, defense, parameters)
		const defended = await testTimeClassifier(engine, { clip, defense, parameters }, testTime)
		const positions = transfer.outcomes.flatMap(({ attacked }, position) => (attacked ? [position] : []))
		expect(positions.length).toBeGreaterThan(0)
		const batch = {
			images: await preparedImages(clip, split, positions),
			labels: positions.map((position) => split.label(position)),
			ids: positions.map((position) => split.id(position)),
		}
		const images = await attack.run(surrogate, batch, threat, imageStreams(input.seed))
		const { logits } = await defended.evaluate(images, ['logits'])
		expect(predictions(logits!, batch.ids)).toEqual(
			positions.map((position) => transfer.outcomes[position]!.adversarialPrediction),
		)
		await surrogate.release()
		await defended.release()
	})

	it('refuses a transfer without anything that the attacker does not know', async () => {
		await expect(recordedEvaluation({ ...(await setting()), knowledge: 'transfer' })).rejects.toThrow(
			/transfer evaluation of nap needs a test-time defense/,
		)
	})

	it('goes on after a stop, from a torn log, to the same record', async () => {
		const whole = await recordedEvaluation(await setting())
		const input = await setting()
		const stop = new AbortController()
		const stopped = await recordedEvaluation({ ...input, signal: stop.signal, onProgress: () => stop.abort() })
		expect(stopped).toBeUndefined()
		expect(existsSync(input.path)).toBe(false)
		const log = `${input.path}.outcomes.jsonl`
		const { records } = await readJsonLines(log)
		expect(records.length).toBeGreaterThan(1)
		await writeFile(log, `${await readFile(log, 'utf8')}{"id":"test/9","la`)
		const done: number[] = []
		const resumed = await recordedEvaluation({ ...input, onProgress: ({ total }) => done.push(total) })
		expect(done[0]).toBe(12 - (records.length - 1))
		expect(timeless(resumed)).toEqual(timeless(whole))
	})

	it('begins anew where the log was tampered with', async () => {
		const input = await setting()
		const stop = new AbortController()
		await recordedEvaluation({ ...input, signal: stop.signal, onProgress: () => stop.abort() })
		const log = `${input.path}.outcomes.jsonl`
		await writeFile(log, `${await readFile(log, 'utf8')}{"id":"test/9","robust":true}\n`)
		const totals: number[] = []
		await recordedEvaluation({ ...input, onProgress: ({ total }) => totals.push(total) })
		expect(totals[0]).toBe(12)
	})

	it('is given back rather than made again where it is the same, if asked to', async () => {
		const input = await setting()
		const record = await recordedEvaluation(input)
		const { mtimeMs } = await stat(input.path)
		const onProgress = () => expect.unreachable()
		expect(await recordedEvaluation({ ...input, reuse: true, onProgress })).toEqual(record)
		// The batch size changes no outcome.
		expect(await recordedEvaluation({ ...input, reuse: true, batchSize: 2, onProgress })).toEqual(record)
		expect((await stat(input.path)).mtimeMs).toBe(mtimeMs)
		const changes: Partial<RecordedEvaluationInput>[] = [
			{ seed: 4 },
			{ threatModel: threatModel('linf', 4 / 255) },
			{ attack: prepareAttack('pgd-20', { steps: 1 }) },
			{ parameters: await initialParameters(input.defense, 5) },
			{ split: subset(input.dataset.test, [0, 1, 2, 3]) },
		]
		for (const change of changes) {
			let done = 0
			const changed = await recordedEvaluation({
				...input,
				...change,
				reuse: true,
				onProgress: (counts) => {
					done = counts.done
				},
			})
			expect(done, Object.keys(change)[0]).toBe(changed!.images)
			await recordedEvaluation(input)
		}
		// Without being asked to, it is evaluated again.
		let again = 0
		await recordedEvaluation({ ...input, onProgress: () => again++ })
		expect(again).toBeGreaterThan(0)
		await writeFile(input.path, '{"format":1}')
		await expect(recordedEvaluation({ ...input, reuse: true })).rejects.toThrow(/not an evaluation record/)
	})

	it('refuses a defense that was prepared for other classes', async () => {
		const input = await setting()
		const { classNames } = input.dataset
		const dataset = { ...input.dataset, classNames: [...classNames].reverse() }
		await expect(recordedEvaluation({ ...input, dataset })).rejects.toThrow(/classes cat, dog, ship, but tiny has ship/)
		expect(existsSync(input.path)).toBe(false)
	})

	it('takes no outcomes from an evaluation of something else', async () => {
		const input = await setting()
		const stop = new AbortController()
		await recordedEvaluation({ ...input, signal: stop.signal, onProgress: () => stop.abort() })
		const totals: number[] = []
		await recordedEvaluation({ ...input, seed: 4, onProgress: ({ total }) => totals.push(total) })
		expect(totals[0]).toBe(12)
	})
})

describe('readEvaluationRecord', () => {
	it('refuses records that were touched up', async () => {
		const path = join(await temporaryFolder(), 'record.json')
		const outcomes = [
			{ id: 'a', label: 0, cleanPrediction: 0, adversarialPrediction: 0, attacked: true },
			{ id: 'b', label: 1, cleanPrediction: 1, adversarialPrediction: 0, attacked: true },
		]
		const good = {
			format: 1,
			defense: { name: 'vanilla', options: {}, parameters: '0'.repeat(64), trainableParameters: 0 },
			knowledge: 'full',
			attack: { name: 'pgd-100', attack: 'pgd', source: 'Madry', options: {} },
			threatModel: { norm: 'linf', epsilon: 0.01 },
			seed: 1,
			model: { source: 'nano', sha256: '0'.repeat(64) },
			dataset: {
				name: 'tiny',
				origin: {},
				notices: [],
				split: 'test',
				images: 2,
				// sha256 of ["a","b"]
				ids: '0473ef2dc0d324ab659d3580c1134e9d812035905c4781fdd6d529b0c6860e13',
				classNames: ['x', 'y'],
			},
			versions: { naptune: '0.1.0', engine: 'onnxruntime-node 1', device: 'cpu' },
			...summarize(outcomes),
			seconds: 1,
			threads: 1,
			batchSize: 2,
			outcomes,
		}
		const read = async (change: object) => {
			await writeFile(path, JSON.stringify({ ...good, ...change }))
			return readEvaluationRecord(path)
		}
		expect((await read({})).robust.accuracy).toBe(0.5)
		await expect(read({ robust: { accuracy: 1, interval: [0.34, 1] } })).rejects.toThrow(/its accuracies are not those/)
		await expect(read({ outcomes: outcomes.map((one) => ({ ...one, id: 'a' })) })).rejects.toThrow(/image ids/)
		const testTime = { name: 'ttc', options: {}, attackedThrough: 'none' }
		expect((await read({ knowledge: 'transfer', testTime })).testTime).toEqual(testTime)
		await expect(read({ testTime })).rejects.toThrow(/contradicts itself: its knowledge is full, .* through none/)
		await expect(read({ knowledge: 'transfer' })).rejects.toThrow(/through nothing, for there is none/)
		await expect(read({ testTime: { ...testTime, attackedThrough: 'sideways' } })).rejects.toThrow(/attackedThrough/)
		await expect(read({ seed: -1, attack: undefined })).rejects.toThrow(/not an evaluation record.*attack.*seed/s)
	})
})
