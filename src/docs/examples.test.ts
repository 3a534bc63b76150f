import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writePhotos } from '../cli/cli.test.helper.js'
import { root } from './root.js'

let folder = ''
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-example-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs a program of `examples/` where a person would have their photos. */
async function run(program: string, ...args: readonly string[]): Promise<string> {
	const { stdout } = await promisify(execFile)(process.execPath, [`${root}examples/${program}`, ...args], {
		cwd: folder,
	})
	return stdout
}

describe.sequential('a run of your own', { timeout: 600_000 }, () => {
	it('is tuned and attacked by own-photos', async () => {
		await writePhotos(join(folder, 'photos'), ['red_thing', 'green_thing'], 8)
		const stdout = await run('own-photos.mjs', 'photos', 'nano')
		expect(stdout).toMatch(/^vanilla clean: [\d.]+ under attack: [\d.]+ \[/m)
		expect(stdout).toMatch(/^nap clean: [\d.]+ under attack: [\d.]+ \[/m)
	})

	it('is attacked by knowledge, a row per level', async () => {
		const lines = (await run('knowledge.mjs', 'runs/photos')).trim().split('\n')
		expect(lines.map((line) => line.replace(/ \(.*/, ''))).toEqual([
			'the image encoder',
			'the prompts only',
			'vanilla CLIP instead',
			'everything',
		])
	})

	it('is audited by audit, whose exit code says how it ended', async () => {
		const { stdout, code } = await run('audit.mjs', 'runs/photos').then(
			(text) => ({ stdout: text, code: 0 }),
			(error: { readonly stdout: string; readonly code: number }) => error,
		)
		expect(stdout).toMatch(/^pass +logits-not-probabilities: /m)
		expect(code).toBe(/^fail /m.test(stdout) ? 3 : 0)
	})
})

it('a model in an ONNX file is attacked by attack-onnx', async () => {
	await copyFile(`${root}fixtures/onnx-classifiers/shufflenet-torchscript-opset17.onnx`, join(folder, 'model.onnx'))
	await writePhotos(join(folder, 'pictures'), ['a', 'b', 'c', 'd', 'e'], 2)
	const stdout = await run('attack-onnx.mjs', 'model.onnx', 'pictures')
	const path = /^every outcome: (.*)$/m.exec(stdout)?.[1] ?? ''
	const record = JSON.parse(await readFile(path, 'utf8')) as {
		readonly clean: { readonly accuracy: number }
		readonly outcomes: readonly unknown[]
	}
	expect(stdout).toContain(`clean: ${record.clean.accuracy} `)
	expect(record.outcomes).toHaveLength(10)
})

it('compare-records says what tells two committed records apart', async () => {
	const records = ['3', '8'].map(
		(levels) => `${root}results/demo/evaluations/nap-autoattack-linf-${levels}-255-test-200-seed1.json`,
	)
	const stdout = await run('compare-records.mjs', ...records)
	expect(stdout).toMatch(/^nap \{\s+accuracy: [\d.]+/)
	expect(stdout).toMatch(/'threatModel\.epsilon \([\d.]+, was [\d.]+\)'/)
})
