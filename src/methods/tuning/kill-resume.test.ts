import { spawn } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readJsonLines } from '../../files/json-lines.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { loadTensors } from '../../training/tensor-set.js'
import type { KillPoint } from './kill-resume.test.helper.js'
import { writeTinyCheckpoint } from './tiny.test.support.js'

const program = fileURLToPath(new URL('./kill-resume.test.helper.js', import.meta.url))

/** Runs or resumes in a process of its own. @param overrides Settings of the run. @returns The signal that ended it, or its exit code. */
function runProcess(
	model: string,
	output: string,
	kill: KillPoint | null,
	overrides: Readonly<Record<string, unknown>> = {},
): Promise<NodeJS.Signals | number | null> {
	const args = [program, model, output, JSON.stringify(kill), JSON.stringify(overrides)]
	const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
	return new Promise((resolve, reject) => {
		child.on('error', reject)
		child.on('exit', (code, signal) => resolve(signal ?? code))
	})
}

describe('a run that is killed and resumed', () => {
	let folder: string
	let model: string
	let whole: string
	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), 'naptune-kill-'))
		model = join(folder, 'model')
		whole = join(folder, 'whole')
		await writeTinyCheckpoint(model)
		expect(await runProcess(model, whole, null)).toBe(0)
	})
	afterAll(() => rm(folder, { recursive: true, force: true }))

	it('ends in the same bytes, with every epoch once in its log', async () => {
		const output = join(await temporaryFolder(), 'run')
		// Two steps of two micro-batches (4 and 2 images) in each of three epochs.
		const kills: KillPoint[] = [
			{ writing: 'run.json' },
			{ images: 4 },
			{ epoch: 0 },
			{ writing: 'state.safetensors' },
			{ writing: 'state.safetensors.sha256' },
			{ images: 22 },
			{ writing: 'last-good.safetensors' },
			{ epoch: 2 },
			{ writing: 'log.jsonl.sha256' },
			{ writing: 'parameters.safetensors' },
			{ writing: 'result.json' },
		]
		for (const kill of kills) expect(await runProcess(model, output, kill), JSON.stringify(kill)).toBe('SIGKILL')
		expect(await runProcess(model, output, null)).toBe(0)
		for (const file of ['parameters.safetensors', 'log.jsonl', 'run.json']) {
			expect(await readFile(join(output, file)), file).toEqual(await readFile(join(whole, file)))
		}
		const { records } = await readJsonLines(join(output, 'log.jsonl'))
		expect(records.map((record) => (record as { epoch: number }).epoch)).toEqual([0, 1, 2])
		const result = JSON.parse(await readFile(join(output, 'result.json'), 'utf8'))
		const expected = JSON.parse(await readFile(join(whole, 'result.json'), 'utf8'))
		expect({ ...result, seconds: 0, residentBytes: 0 }).toEqual({ ...expected, seconds: 0, residentBytes: 0 })
		expect(result.seconds).toBeGreaterThan(0)
		expect(result.residentBytes).toBeGreaterThan(50e6)
		expect((await readdir(output)).sort()).toEqual(
			[
				'log.jsonl',
				'log.jsonl.sha256',
				'parameters.safetensors',
				'result.json',
				'run.json',
				'state.safetensors',
				'state.safetensors.sha256',
			].sort(),
		)
	}, 300_000)

	it('counts the time of all processes, also of one that had saved nothing', async () => {
		const output = join(await temporaryFolder(), 'run')
		expect(await runProcess(model, output, { stuckSeconds: 3 })).toBe('SIGKILL')
		expect(await readdir(output)).not.toContain('state.safetensors')
		expect(await runProcess(model, output, null)).toBe(0)
		const { seconds } = JSON.parse(await readFile(join(output, 'result.json'), 'utf8')) as { seconds: number }
		// The process notes its time every two seconds.
		expect(seconds).toBeGreaterThan(2)
		expect(await readFile(join(output, 'parameters.safetensors'))).toEqual(
			await readFile(join(whole, 'parameters.safetensors')),
		)
	}, 60_000)

	it('ends in the same bytes with a bank of features and SGD', async () => {
		const folder = await temporaryFolder()
		const settings = {
			defense: { name: 'advpt', options: { textPrompts: 2 } },
			loss: 'adversarial',
			attack: { epsilon: 4 / 255, steps: 2, objective: 'feature-kl', start: 'one-sided', when: 'once' },
			optimizer: { name: 'sgd', learningRate: 0.01, warmupRate: null },
		}
		const [unbroken, output] = [join(folder, 'unbroken'), join(folder, 'run')]
		expect(await runProcess(model, unbroken, null, settings)).toBe(0)
		const kills: KillPoint[] = [{ bank: 8 }, { writing: 'bank.safetensors' }, { images: 4 }, { images: 22 }]
		for (const kill of kills) {
			expect(await runProcess(model, output, kill, settings), JSON.stringify(kill)).toBe('SIGKILL')
		}
		expect(await runProcess(model, output, null, settings)).toBe(0)
		for (const file of ['bank.safetensors', 'state.safetensors', 'parameters.safetensors', 'log.jsonl', 'run.json']) {
			// A state also holds how long it took.
			if (file === 'state.safetensors') {
				const [own, expected] = [await loadTensors(join(output, file)), await loadTensors(join(unbroken, file))]
				expect(Object.keys(own)).toContain('velocity/text.context.0')
				expect(own).toEqual(expected)
			} else {
				expect(await readFile(join(output, file)), file).toEqual(await readFile(join(unbroken, file)))
			}
		}
	}, 300_000)

	it('ends in the same bytes of a fine-tuned tower and its checkpoint', async () => {
		const folder = await temporaryFolder()
		const settings = {
			defense: { name: 'fare', options: { rates: { layerDecay: 0.9 } } },
			loss: 'fare',
			epochs: 2,
			attack: { epsilon: 4 / 255, steps: 1, objective: 'embedding-distance', start: 'uniform' },
		}
		const [unbroken, output] = [join(folder, 'unbroken'), join(folder, 'run')]
		expect(await runProcess(model, unbroken, null, settings)).toBe(0)
		const kills: KillPoint[] = [{ images: 10 }, { writing: 'state.safetensors' }, { writing: 'parameters.safetensors' }]
		for (const kill of kills) {
			expect(await runProcess(model, output, kill, settings), JSON.stringify(kill)).toBe('SIGKILL')
		}
		expect(await runProcess(model, output, null, settings)).toBe(0)
		for (const file of ['checkpoint/model.safetensors', 'parameters.safetensors', 'log.jsonl', 'run.json']) {
			expect(await readFile(join(output, file)), file).toEqual(await readFile(join(unbroken, file)))
		}
	}, 300_000)

	it('clears away what the kill left half-written', async () => {
		const output = join(await temporaryFolder(), 'run')
		await cp(whole, output, { recursive: true })
		// Numbers of processes are below 2^22 on Linux, so that none has this one.
		const leftover = join(output, '.state.safetensors.99999999.0a1b2c3d.tmp')
		const busy = join(output, `.state.safetensors.${process.pid}.0a1b2c3d.tmp`)
		await writeFile(leftover, 'half')
		await writeFile(busy, 'half')
		expect(await runProcess(model, output, null)).toBe(0)
		const names = await readdir(output)
		expect(names).not.toContain('.state.safetensors.99999999.0a1b2c3d.tmp')
		expect(names, 'of a running process').toContain(`.state.safetensors.${process.pid}.0a1b2c3d.tmp`)
	})
})
