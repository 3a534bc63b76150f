import { cp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { flipBit } from '../../files/flip-bit.test.helper.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { tinyClip, tinyDataset, tinyTuning } from './tiny.test.support.js'
import { type TuneInput, tune } from './tune.js'

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

async function inputs(overrides: Readonly<Record<string, unknown>> = {}): Promise<TuneInput> {
	const folder = await temporaryFolder()
	const clip = await tinyClip(join(folder, 'model'))
	return { engine, clip, dataset: tinyDataset(), config: tinyTuning(overrides), output: join(folder, 'run') }
}

/** A run that was stopped in its third epoch. */
async function stoppedRun(): Promise<TuneInput> {
	const input = await inputs()
	const stop = new AbortController()
	const onEpoch = ({ epoch }: { readonly epoch: number }) => epoch === 1 && stop.abort()
	const { finished, saved } = await tune({ ...input, signal: stop.signal, onEpoch })
	expect({ finished, saved }).toEqual({ finished: false, saved: 'state' })
	return input
}

describe('one flipped bit', () => {
	it.each([
		['state.safetensors', /state\.safetensors is damaged.*(Remove|remove) state\.safetensors/],
		['log.jsonl', /A finished line of the log .*log\.jsonl is not what was written/],
	])('in %s stops a resumed run', async (file, message) => {
		const input = await stoppedRun()
		const folder = `${input.output}-copy`
		await cp(input.output, folder, { recursive: true })
		await flipBit(join(folder, file), -5)
		await expect(tune({ ...input, output: folder, resume: true })).rejects.toThrow(message)
		// Whole again, it goes on.
		await cp(join(input.output, file), join(folder, file))
		expect((await tune({ ...input, output: folder, resume: true })).finished).toBe(true)
	})

	it.each([
		['parameters.safetensors', /parameters\.safetensors does not match .*result\.json/],
		['log.jsonl', /log\.jsonl is damaged: .*Restore it, or tune again/],
	])('in %s of a finished run is named', async (file, message) => {
		const input = await inputs({ epochs: 1 })
		await tune(input)
		await flipBit(join(input.output, file), -5)
		await expect(tune({ ...input, resume: true })).rejects.toThrow(message)
	})
})

it('a finished run of an earlier version is read, with a note that its log cannot be checked', async () => {
	const input = await inputs({ epochs: 1 })
	await tune(input)
	await rm(join(input.output, 'log.jsonl.sha256'))
	const { notices, finished } = await tune({ ...input, resume: true })
	expect(finished).toBe(true)
	expect(notices).toContainEqual({
		id: 'unchecked-file',
		message: expect.stringMatching(/log\.jsonl has no checksum beside it/),
	})
})

it('a run that has no room to learn is told before its first step and in its result', async () => {
	const input = await inputs({ epochs: 3, batchSize: 512, optimizer: { learningRate: 1e-4, warmupRate: 1e-6 } })
	const told: string[] = []
	const { notices } = await tune({
		...input,
		onNotice: ({ id }) => told.push(id),
		onProgress: () => told.push('step'),
	})
	expect(told.slice(0, 2)).toEqual(['too-few-steps', 'step'])
	expect(told.at(-1)).toBe('hardly-learned')
	expect(notices.map(({ id }) => id)).toEqual(['too-few-steps', 'hardly-learned'])
})

it('a stopped run says what it has saved', async () => {
	const input = await inputs()
	expect(await tune({ ...input, signal: AbortSignal.abort() })).toMatchObject({ finished: false, saved: 'nothing' })
	const bank = await inputs({
		defense: { name: 'advpt', options: { textPrompts: 2, visualPrompts: undefined } },
		attack: { when: 'once', objective: 'feature-kl', start: 'one-sided' },
		loss: 'adversarial',
	})
	const config = { ...bank.config, defense: { name: 'advpt', options: { textPrompts: 2 } } }
	const stop = new AbortController()
	const stopped = await tune({ ...bank, config, signal: stop.signal, onBank: () => stop.abort() })
	expect(stopped).toMatchObject({ finished: false, saved: 'bank' })
	const { seconds } = JSON.parse(await readFile(join(bank.output, 'usage.json'), 'utf8')) as { seconds: number }
	expect(seconds).toBeGreaterThan(0)
})
