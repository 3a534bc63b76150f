import { existsSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareAttack } from '../../attacks/registry.js'
import { attackBatch } from '../../attacks/run/attack-batch.js'
import type { AttackOutcome } from '../../attacks/run/attack-outcomes.js'
import { imageStreams } from '../../attacks/run/image-streams.js'
import type { AttackCounts } from '../../attacks/run/tell-progress.js'
import { threatModel } from '../../attacks/sets/threat-model.js'
import { predictions } from '../../classifier/predictions.js'
import { subset } from '../../data/dataset.js'
import { initialParameters } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { chooseTestTimeDefense } from '../../defenses/test-time/registry.js'
import { readJsonLines } from '../../files/json-lines.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { tinyClip, tinyDataset } from '../../methods/tuning/tiny.test.support.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { deployedClassifier } from '../deployed/deployed-classifier.js'
import { readAdversarialImages } from '../stores/adversarial-images.js'
import { testTimeClassifier } from '../test-time/test-time-classifier.js'
import { preparedImages, summarize, summarizeStages } from './evaluate.js'
import { readEvaluationRecord } from './record.js'
import { type EvaluationRecord, type RecordedEvaluationInput, recordedEvaluation } from './recorded-evaluation.js'

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
	/** Forward passes at most: of 12 images the clean one, two gradients that count as three each, and the adversarial one. */
	const wholeWork = 12 * (1 + 2 * 3 + 1)
	/** Keeps the passes that an evaluation has before it. */
	const told =
		(work: number[]) =>
		({ work: { done, left } }: AttackCounts) =>
			work.push(done + left)
	const timeless = (record: EvaluationRecord | undefined) => ({
		...record,
		seconds: 0,
		passes: undefined,
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
		const images = await attackBatch(attack, surrogate, batch, threat, imageStreams(input.seed))
		const { logits } = await defended.evaluate(images, ['logits'])
		expect(predictions(logits!, batch.ids)).toEqual(
			positions.map((position) => transfer.outcomes[position]!.adversarialPrediction),
		)
		await surrogate.release()
		await defended.release()
	})

	it('takes gradients of what the attacker knows, and says of which model', async () => {
		const input = await setting()
		const at = async (change: Partial<RecordedEvaluationInput>) => {
			const path = join(dirname(input.path), `${JSON.stringify(change).length}.json`)
			const record = (await recordedEvaluation({ ...input, ...change, path }))!
			expect(await readEvaluationRecord(path)).toEqual(record)
			return record
		}
		const promptAware = await at({ knowledge: 'prompt-aware' })
		const transfer = await at({ knowledge: 'transfer' })
		expect(promptAware).toMatchObject({
			knowledge: 'prompt-aware',
			defense: { options: { refinerDepth: 2 } },
			knownModel: { name: 'nap', options: { refinerDepth: 0 } },
		})
		expect(transfer).toMatchObject({ knowledge: 'transfer', knownModel: { name: 'vanilla' } })
		expect((await at({})).knownModel).toBeUndefined()

		// The images of somebody who knows the prompts are those made against the model without refiners.
		const { clip, defense, parameters, split, attack, threatModel: threat } = input
		const known = defense.views[0]!.defense()
		const own = Object.fromEntries(Object.entries(parameters).filter(([name]) => known.parameters.has(name)))
		const surrogate = await deployedClassifier(engine, clip, known, own)
		const victim = await deployedClassifier(engine, clip, defense, parameters)
		const positions = promptAware.outcomes.flatMap(({ attacked }, position) => (attacked ? [position] : []))
		const ids = positions.map((position) => split.id(position))
		const labels = positions.map((position) => split.label(position))
		const images = await preparedImages(clip, split, positions)
		const found = await attackBatch(attack, surrogate, { images, labels, ids }, threat, imageStreams(input.seed))
		const { logits } = await victim.evaluate(found, ['logits'])
		expect(predictions(logits!, ids)).toEqual(
			positions.map((position) => promptAware.outcomes[position]!.adversarialPrediction),
		)
		await surrogate.release()
		await victim.release()
	})

	it('refuses knowledge that attack and model do not have', async () => {
		const input = await setting()
		const vanilla = prepareDefense('vanilla', input.clip, input.dataset.classNames)
		const plain = { defense: vanilla, parameters: {} }
		const testTime = chooseTestTimeDefense('ttc')
		for (const [change, message] of [
			[{ knowledge: 'query' }, /pgd-20 does not fit the knowledge query; choose an attack by queries/],
			[{ knowledge: 'encoder-only' }, /no classes and no logits. Choose an attack on image features/],
			[{ ...plain, knowledge: 'prompt-aware' }, /vanilla hides nothing from an attacker who is prompt-aware/],
			[{ ...plain, knowledge: 'transfer' }, /vanilla CLIP from vanilla CLIP/],
			[{ testTime, knowledge: 'prompt-aware' }, /not defined for a model with the test-time defense ttc/],
		] as const) {
			await expect(recordedEvaluation({ ...input, ...change })).rejects.toThrow(message)
		}
		expect(existsSync(input.path)).toBe(false)
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
		await writeFile(log, `${await readFile(log, 'utf8')}{"id":"test/9","ro`)
		const work = [0]
		const resumed = await recordedEvaluation({ ...input, onProgress: told(work) })
		const wrong = resumed!.outcomes.slice(0, 5).filter(({ attacked }) => !attacked)
		expect(work[1]).toBe(wholeWork - 5 - 7 * wrong.length)
		expect(timeless(resumed)).toEqual(timeless(whole))
	})

	it('makes the images again that it was not asked to keep before it was stopped', async () => {
		const input = await setting()
		const folder = join(dirname(input.path), 'images')
		await recordedEvaluation({ ...input, path: join(folder, 'whole.json'), keepImagesIn: join(folder, 'whole') })
		const whole = await readAdversarialImages(join(folder, 'whole'))
		const stop = new AbortController()
		const onProgress = ({ attacked }: AttackCounts) => attacked > 0 && stop.abort()
		expect(await recordedEvaluation({ ...input, batchSize: 1, signal: stop.signal, onProgress })).toBeUndefined()
		const resumed = await recordedEvaluation({ ...input, keepImagesIn: join(folder, 'resumed') })
		const stored = await readAdversarialImages(join(folder, 'resumed'))
		expect(resumed!.outcomes.some(({ attacked }) => attacked)).toBe(true)
		expect(stored.ids.length).toBe(input.split.length)
		for (const id of whole.ids) expect(stored.find(id)!.adversarial, id).toBe(whole.find(id)!.adversarial)
		// And where all is done already.
		await recordedEvaluation({ ...input, keepImagesIn: join(folder, 'late') })
		expect((await readAdversarialImages(join(folder, 'late'))).ids.length).toBe(input.split.length)
	})

	it('keeps images of one evaluation only in a folder', async () => {
		const input = await setting()
		const keepImagesIn = join(dirname(input.path), 'images')
		await recordedEvaluation({ ...input, keepImagesIn })
		const other = { ...input, keepImagesIn, path: join(dirname(input.path), 'other.json') }
		const asked = [
			[{ knowledge: 'transfer' }, /differ in evaluation\.knowledge/],
			[{ testTime: chooseTestTimeDefense('ttc') }, /differ in evaluation\.testTime/],
			[{ attack: prepareAttack('pgd-100-targeted'), target: 1 }, /evaluation\.target/],
		] as const
		for (const [change, message] of asked) {
			await expect(recordedEvaluation({ ...other, ...change })).rejects.toThrow(message)
			expect(existsSync(`${other.path}.outcomes.jsonl`)).toBe(false)
		}
	})

	it('begins anew where the log was tampered with', async () => {
		const input = await setting()
		const stop = new AbortController()
		await recordedEvaluation({ ...input, signal: stop.signal, onProgress: () => stop.abort() })
		const log = `${input.path}.outcomes.jsonl`
		await writeFile(log, `${await readFile(log, 'utf8')}{"id":"test/9","robust":true}\n`)
		const work = [0]
		await recordedEvaluation({ ...input, onProgress: told(work) })
		expect(work[1]).toBe(wholeWork)
	})

	it('is given back rather than made again where it is the same, and never mixed with another', async () => {
		const input = await setting()
		const record = await recordedEvaluation(input)
		const bytes = await readFile(input.path)
		const { mtimeMs } = await stat(input.path)
		const onProgress = () => expect.unreachable()
		expect(await recordedEvaluation({ ...input, onProgress })).toEqual(record)
		// The batch size changes no outcome.
		expect(await recordedEvaluation({ ...input, batchSize: 2, onProgress })).toEqual(record)
		expect((await stat(input.path)).mtimeMs).toBe(mtimeMs)
		const changes: readonly (readonly [Partial<RecordedEvaluationInput>, RegExp])[] = [
			[{ seed: 4 }, /it differs in seed \(4, was 3\)\. Use the same settings, or move the file away/],
			[{ threatModel: threatModel('linf', 4 / 255) }, /it differs in threatModel\.epsilon/],
			[{ attack: prepareAttack('pgd-20', { steps: 1 }) }, /it differs in attack\.options\.steps \(1, was 2\)/],
			[{ parameters: await initialParameters(input.defense, 5) }, /it differs in defense\.parameters\./],
			[
				{ split: subset(input.dataset.test, [0, 1, 2, 3]) },
				/it differs in dataset\.images \(4, was 12\), dataset\.ids/,
			],
		]
		for (const [change, message] of changes) {
			await expect(recordedEvaluation({ ...input, ...change, onProgress })).rejects.toThrow(message)
		}
		expect(await readFile(input.path)).toEqual(bytes)
		let again = 0
		await recordedEvaluation({ ...input, reuse: false, onProgress: () => again++ })
		expect(again).toBeGreaterThan(0)
		await writeFile(input.path, '{"format":1}')
		await expect(recordedEvaluation(input)).rejects.toThrow(/not an evaluation record/)
	})

	it('refuses a defense that was prepared for other classes', async () => {
		const input = await setting()
		const { classNames } = input.dataset
		const dataset = { ...input.dataset, classNames: [...classNames].reverse() }
		await expect(recordedEvaluation({ ...input, dataset })).rejects.toThrow(/classes cat, dog, ship, but tiny has ship/)
		expect(existsSync(input.path)).toBe(false)
	})

	it('takes no outcomes from an evaluation of something else, and leaves them to it', async () => {
		const input = await setting()
		const stop = new AbortController()
		await recordedEvaluation({ ...input, signal: stop.signal, onProgress: () => stop.abort() })
		const log = await readFile(`${input.path}.outcomes.jsonl`, 'utf8')
		await expect(recordedEvaluation({ ...input, seed: 4 })).rejects.toThrow(
			/outcomes\.jsonl is the log of an evaluation record with other settings; it differs in seed \(4, was 3\)/,
		)
		expect(await readFile(`${input.path}.outcomes.jsonl`, 'utf8')).toBe(log)
		const work = [0]
		await recordedEvaluation({ ...input, onProgress: told(work) })
		expect(work[1]).toBeLessThan(wholeWork)
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
				origin: { dataset: 'own' },
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
		await expect(read({ robust: { accuracy: 1, interval: [0.34, 1] } })).rejects.toThrow(/its accuracies do not follow/)
		await expect(read({ outcomes: outcomes.map((one) => ({ ...one, id: 'a' })) })).rejects.toThrow(/image ids/)
		const staged = outcomes.map((one) => (one.adversarialPrediction === one.label ? one : { ...one, stage: 'first' }))
		const stages = (named: object[]) =>
			summarizeStages(named as AttackOutcome[], ['first', 'second']).map((stage) => ({ ...stage, seconds: 1 }))
		expect((await read({ outcomes: staged, stages: stages(staged) })).stages).toHaveLength(2)
		await expect(read({ outcomes: staged, stages: stages(outcomes) })).rejects.toThrow(/its stages do not follow/)
		await expect(read({ stages: stages(outcomes) })).rejects.toThrow(/its stages do not follow/)
		const testTime = { name: 'ttc', options: {}, attackedThrough: 'none' }
		expect((await read({ knowledge: 'transfer', testTime })).testTime).toEqual(testTime)
		await expect(read({ testTime })).rejects.toThrow(/contradicts itself: its knowledge is full, .* through none/)
		const knownModel = { name: 'vanilla', options: {} }
		expect((await read({ knowledge: 'transfer', knownModel })).knownModel).toEqual(knownModel)
		await expect(read({ knownModel })).rejects.toThrow(
			/contradicts itself: its knowledge is full, .* made against vanilla/,
		)
		await expect(read({ testTime: { ...testTime, attackedThrough: 'sideways' } })).rejects.toThrow(/attackedThrough/)
		await expect(read({ seed: -1, attack: undefined })).rejects.toThrow(/not an evaluation record.*attack.*seed/s)
	})
})
