import { spawn } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readJsonLines } from '../files/json-lines.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import type { KillPoint } from './kill-resume.test.helper.js'
import { writeTinyCheckpoint } from './tiny.test.support.js'

const program = fileURLToPath(new URL('./kill-resume.test.helper.js', import.meta.url))

/** Runs or resumes in a process of its own. @returns The signal that ended it, or its exit code. */
function runProcess(model: string, output: string, kill: KillPoint | null): Promise<NodeJS.Signals | number | null> {
	const child = spawn(process.execPath, [program, model, output, JSON.stringify(kill)], {
		stdio: ['ignore', 'inherit', 'inherit'],
	})
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
			{ images: 22 },
			{ epoch: 2 },
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
			['log.jsonl', 'parameters.safetensors', 'result.json', 'run.json', 'state.safetensors'].sort(),
		)
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
