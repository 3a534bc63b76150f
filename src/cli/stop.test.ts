import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startCli, tinyTuning, writePhotos, writeTinyModel } from './cli.test.helper.js'

let folder: string
let tune: string[]

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-stop-'))
	await writeTinyModel(join(folder, 'model'))
	await writePhotos(join(folder, 'photos'))
	tune = ['tune', '--model', join(folder, 'model'), '--data', join(folder, 'photos'), ...tinyTuning]
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('one signal', () => {
	it('ends a command before its first step is done, which takes for ever', async () => {
		const output = join(folder, 'run')
		const running = startCli([...tune, '--set', 'attack.steps=1000000000', '--output', output, '--json'])
		await running.until('Tuning nap')
		running.process.kill('SIGTERM')
		const { code, stdout, stderr } = await running.finished
		expect(code, stderr).toBe(143)
		expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'NAP_STOPPED', exitCode: 143 } })
		expect((await readdir(output)).filter((name) => name.endsWith('.tmp'))).toEqual([])
	})
})

describe('a second signal', () => {
	it('ends a command in the middle of a call of its engine, which cannot be cut short', async () => {
		const script = fileURLToPath(new URL('./long-call.test.support.js', import.meta.url))
		const child = spawn(process.execPath, [script], { stdio: ['ignore', 'ignore', 'pipe'] })
		let stderr = ''
		const said = (text: string) =>
			new Promise<void>((resolve) => {
				child.stderr.on('data', () => {
					if (stderr.includes(text)) resolve()
				})
			})
		child.stderr.setEncoding('utf8').on('data', (text: string) => {
			stderr += text
		})
		const ended = new Promise<string>((resolve) => {
			child.on('close', (code, signal) => resolve(signal ?? String(code)))
		})
		await said('running')
		child.kill('SIGINT')
		await said('Press Ctrl-C again')
		child.kill('SIGINT')
		// A shell tells both as 130.
		expect(['SIGINT', '130']).toContain(await ended)
		expect(stderr).not.toContain('done')
	})
})
