import { appendFile, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checksumPath } from '../../files/checksum.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { tinyClip, tinyDataset, tinyTuning } from '../../methods/tuning/tiny.test.support.js'
import { tune } from '../../methods/tuning/tune.js'
import { settingChanges } from '../../records/settings.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { inspectRun } from './inspect-run.js'
import { parameterGroups } from './parameter-groups.js'

describe('inspectRun', () => {
	let engine: ModelEngine
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
	})
	afterAll(() => engine.close())

	/** A run of three epochs of two steps, stopped once so many are done. */
	async function run(epochs = 3, overrides: Record<string, unknown> = {}): Promise<string> {
		const folder = await temporaryFolder()
		const stop = new AbortController()
		const output = join(folder, 'run')
		let done = 0
		if (epochs === 0) stop.abort()
		await tune({
			engine,
			clip: await tinyClip(join(folder, 'model')),
			dataset: tinyDataset(),
			config: tinyTuning(overrides),
			output,
			signal: stop.signal,
			onEpoch: () => {
				if (++done === epochs && epochs < 3) stop.abort()
			},
		})
		return output
	}

	it('says what a finished run is', async () => {
		const output = await run()
		const found = await inspectRun(output)
		expect(found.progress).toMatchObject({
			finished: true,
			steps: 6,
			totalSteps: 6,
			epochs: 3,
			totalEpochs: 3,
			epochsAtChance: 0,
		})
		expect(found.progress.seconds).toBeGreaterThan(0)
		const lines = (await readFile(join(output, 'log.jsonl'), 'utf8')).trim().split('\n')
		expect(found.epochs).toEqual(lines.map((line) => JSON.parse(line)))
		// Class token and 4 patches with 2 prompts; the refiner before the second of two blocks.
		expect(found.trace.image).toEqual([
			{ block: 0, tokens: 5, prompts: 2, ownPrompts: true, refined: false, shape: ['B', 7, 24] },
			{ block: 1, tokens: 5, prompts: 2, ownPrompts: true, refined: true, shape: ['B', 7, 24] },
		])
		expect(found.trace.text.map(({ shape, tokens }) => [shape[0], shape[1] - tokens, shape[2]])).toEqual([
			[3, 2, 16],
			[3, 2, 16],
		])
		expect(found.trace.outputs).toEqual({ textFeatures: [3, 12], imageFeatures: ['B', 12], logits: ['B', 3] })
		const counts = Object.fromEntries(found.parameters.groups.map(({ name, count }) => [name, count]))
		expect(counts).toEqual({
			'text context': 2 * 2 * 16,
			'visual context': 2 * 2 * 24,
			'visual refiner': 4 * 24 ** 2 + 3 * 24,
			'text refiner': 4 * 16 ** 2 + 3 * 16,
		})
		expect(found.parameters.total).toBe(Object.values(counts).reduce((sum, count) => sum + count, 0))
		expect(found.parameters.frozen).toBeGreaterThan(found.parameters.total)
		expect(found.changed).toContainEqual({ setting: 'shots', value: 4, usual: 16 })
		expect(found.changed.map(({ setting }) => setting)).not.toContain('optimizer.betas')
		expect(found.data).toMatchObject({ name: 'tiny', images: 12, classNames: ['cat', 'dog', 'ship'] })
	})

	it('says where an unfinished run stands', async () => {
		const found = await inspectRun(await run(1))
		expect(found.progress).toMatchObject({ finished: false, steps: 2, totalSteps: 6, epochs: 1, totalEpochs: 3 })
		expect(found.epochs).toHaveLength(1)
		const fresh = await inspectRun(await run(0))
		expect(fresh.progress).toMatchObject({ finished: false, steps: 0, totalSteps: 6, epochs: 0, seconds: null })
		expect(fresh.epochs).toEqual([])
	})

	it('reads a log whose last line is being written, and epochs without an attack', async () => {
		const output = await run()
		const log = join(output, 'log.jsonl')
		// As long as a run is not finished.
		await rm(checksumPath(log))
		await appendFile(log, '{"epoch":3,"learn')
		expect((await inspectRun(output)).epochs).toHaveLength(3)
		const [first] = (await readFile(log, 'utf8')).split('\n')
		const record = { ...JSON.parse(first!), adversarialLoss: null, adversarialAccuracy: null }
		await writeFile(log, `${JSON.stringify(record)}\n`)
		expect((await inspectRun(output)).epochs).toEqual([record])
	})

	it('refuses damage and says where it is', async () => {
		await expect(inspectRun(await temporaryFolder())).rejects.toThrow(/holds no tuning run/)
		const output = await run()
		const log = join(output, 'log.jsonl')
		const whole = await readFile(log, 'utf8')
		const [first, second] = whole.split('\n')
		await writeFile(log, `${first}\n`)
		await expect(inspectRun(output)).rejects.toThrow(/log\.jsonl is damaged/)
		// Of an earlier version, that it was changed is not noticed.
		await rm(checksumPath(log))
		await writeFile(log, `${first}\nnot JSON\n`)
		await expect(inspectRun(output)).rejects.toThrow(/Line 2 of the log .*log\.jsonl is not JSON/)
		await writeFile(log, `${first}\n${first}\n`)
		await expect(inspectRun(output)).rejects.toThrow(/Line 2 .* it is epoch 0 instead of 1/)
		await writeFile(log, `${first}\n${second!.replace('cleanLoss', 'lost')}\n`)
		await expect(inspectRun(output)).rejects.toThrow(/Line 2 .*cleanLoss/s)
		await writeFile(log, whole)
		await writeFile(join(output, 'result.json'), '{}')
		await expect(inspectRun(output)).rejects.toThrow(
			/result\.json is not the closing record of a run.*optimizerSteps.*Restore the run directory/s,
		)
		const path = join(output, 'run.json')
		const description = JSON.parse(await readFile(path, 'utf8'))
		await writeFile(path, JSON.stringify({ ...description, training: {} }))
		await expect(inspectRun(output)).rejects.toThrow(/run\.json is not the description of a run.*training\.images/s)
		await rm(path)
		await expect(inspectRun(output)).rejects.toThrow(/holds no tuning run/)
	})
})

it('parameterGroups keeps gates and couplings apart', () => {
	const parameter = (shape: number[]) => ({ shape, initial: () => new Float32Array(0) })
	const parameters = new Map([
		['text.context.0', parameter([2, 3])],
		['coupling.0.weight', parameter([4, 3])],
		['coupling.1.weight', parameter([4, 3])],
		['visual.refiner.1.linear1.weight', parameter([5, 2])],
		['visual.refiner.1.member2.linear1.weight', parameter([5, 2])],
		['visual.refiner.1.gate.weight', parameter([1, 4])],
	])
	expect(parameterGroups({ parameters })).toEqual([
		{ name: 'text context', tensors: 1, count: 6 },
		{ name: 'coupling', tensors: 2, count: 24 },
		{ name: 'visual refiner', tensors: 2, count: 20 },
		{ name: 'gates', tensors: 1, count: 4 },
	])
})

it('settingChanges names what differs, deep down', () => {
	const usual = { a: 1, b: { c: [1, 2], d: null }, e: 'x' }
	expect(settingChanges(usual, structuredClone(usual))).toEqual([])
	expect(settingChanges(usual, { a: 2, b: { c: [1, 3], d: null, f: true } })).toEqual([
		{ setting: 'a', value: 2, usual: 1 },
		{ setting: 'b.c', value: [1, 3], usual: [1, 2] },
		{ setting: 'b.f', value: true, usual: null },
		{ setting: 'e', value: null, usual: 'x' },
	])
})
