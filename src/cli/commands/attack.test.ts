import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OnnxAttackRecord } from '../../evaluation/robustness/recorded-onnx-attack.js'
import { runCli, runJson, startCli, writePhotos } from '../cli.test.helper.js'

const fixture = (name: string) =>
	fileURLToPath(new URL(`../../../fixtures/onnx-classifiers/${name}.onnx`, import.meta.url))
const resnet = fixture('resnet-torchscript-opset11')

let folder: string
let photos: string
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-attack-'))
	photos = join(folder, 'photos')
	await writePhotos(photos, ['0', '1', '2', '3', '4'], 4)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const args = (output: string, ...more: readonly string[]) => [
	'attack',
	...['--onnx', resnet, '--data', photos, '--epsilon', '8/255', '--threads', '1'],
	...['--output', join(folder, output), ...more],
]
const declared = ['--layout', 'nchw', '--normalisation', 'imagenet', '--channel-order', 'rgb']
const outcomesOf = async (path: string) => (JSON.parse(await readFile(path, 'utf8')) as OnnxAttackRecord).outcomes

describe('naptune attack', () => {
	it('attacks a model that nobody prepared, in either norm, and writes what it takes to do it again', async () => {
		const { code, document, stderr } = await runJson(args('whole', ...declared, '--attack', 'pgd-20'))
		expect(stderr).not.toContain('Guessed')
		expect(code).toBe(0)
		const record = document as OnnxAttackRecord & { record: string }
		expect(record.images).toBe(20)
		expect(record.clean.accuracy).toBeGreaterThan(0)
		expect(record.robust.accuracy).toBeLessThan(record.clean.accuracy)
		expect(record.model).toMatchObject({ source: resnet, opset: 11, producer: 'pytorch' })
		expect(record.model.sha256).toMatch(/^[0-9a-f]{64}$/)
		expect(record.input).toMatchObject({ shape: [3, 32, 32], guessed: [], mean: [0.485, 0.456, 0.406] })
		expect(record.attack).toMatchObject({ name: 'pgd-20', options: { steps: 20 } })
		const outcomes = await outcomesOf(record.record)
		expect(outcomes).toHaveLength(20)
		expect(outcomes.filter(({ attacked }) => attacked)).toHaveLength(Math.round(record.clean.accuracy * 20))

		const small = await runJson(args('small', ...declared, '--attack', 'pgd-20', '--batch-size', '3'))
		expect(await outcomesOf((small.document as { record: string }).record)).toEqual(outcomes)
		const l2 = await runCli(
			args('whole', ...declared, '--attack', 'pgd-5', '--norm', 'l2', '--epsilon', '3', '--limit', '10'),
		)
		expect(l2.code).toBe(0)
		expect(l2.stdout).toMatch(/resnet-torchscript-opset11\.onnx +\d+\.\d % \[/)
		expect(l2.stdout).toContain('10 images of photos, L2 epsilon 3')
		expect(await readdir(join(folder, 'whole'))).toHaveLength(2)
	})

	it('goes on after kill -9 with the outcomes of a run that was not stopped', async () => {
		const slow = [...declared, '--attack', 'pgd-100', '--set', 'restarts=20', '--batch-size', '1']
		const running = startCli(args('killed', ...slow))
		const log = async () => {
			const names = existsSync(join(folder, 'killed')) ? await readdir(join(folder, 'killed')) : []
			const name = names.find((entry) => entry.endsWith('.outcomes.jsonl'))
			return name === undefined ? 0 : (await readFile(join(folder, 'killed', name), 'utf8')).split('\n').length - 2
		}
		while ((await log()) < 3) await new Promise((resolve) => setTimeout(resolve, 10))
		running.process.kill('SIGKILL')
		await running.finished
		const before = await log()
		expect(before).toBeLessThan(20)
		const resumed = await runJson(args('killed', ...slow))
		const whole = await runJson(args('not-killed', ...slow.slice(0, -1), '50'))
		const [a, b] = [resumed, whole].map(({ document }) => (document as { record: string }).record)
		expect(await outcomesOf(a!)).toEqual(await outcomesOf(b!))
		expect(await readdir(join(folder, 'killed'))).toHaveLength(1)
	})

	it('says what it guessed, and where probabilities would hide a model from attacks', async () => {
		const guessed = await runJson(args('guessed', '--attack', 'pgd-5', '--limit', '5'))
		expect(guessed.stderr).toContain('Guessed about the model')
		expect(guessed.stderr).toContain('--mean 0.485,0.456,0.406')
		const { input, notices } = guessed.document as OnnxAttackRecord
		expect(input.guessed).toEqual(['range', 'normalisation', 'channel order'])
		expect(notices[0]).toContain('Guessed')
		const mixture = [
			'--onnx',
			fixture('mixture-dynamo-opset18'),
			'--range',
			'0..1',
			'--attack',
			'pgd-5',
			'--limit',
			'5',
		]
		const soft = await runJson(args('soft', ...mixture))
		expect(soft.stderr).toContain('attacks the logits before the softmax')
		expect((soft.document as OnnxAttackRecord).output).toEqual({ name: 'probabilities', from: 'before softmax' })
	})

	it('refuses what does not fit, saying what to do', async () => {
		const other = join(folder, 'other')
		await writePhotos(other, ['cat', 'dog', 'frog'], 1)
		const refused = async (...more: readonly string[]) => {
			const { code, stderr } = await runCli(args('refused', ...declared, ...more))
			expect(code).toBe(1)
			return stderr
		}
		expect(await refused('--data', other)).toContain('5 classes but does not name them; the data has 3')
		const cut = join(folder, 'cut.onnx')
		await writeFile(cut, (await readFile(resnet)).subarray(0, 100_000))
		expect(await refused('--onnx', cut)).toMatch(/cut\.onnx: This is not/)
		const wrong: [string[], number, RegExp][] = [
			[['--epsilon', 'much'], 2, /must be a number or a fraction/],
			[['--norm', 'linf', '--epsilon', '300'], 2, /exceeds the pixel range/],
			[['--classes', 'nowhere/names.txt'], 1, /names\.txt is missing/],
			[['--attack', 'mi-cwa'], 2, /naptune generate STORE --attack mi-cwa/],
			[['--attack', 'pgd-100-targeted'], 2, /only naptune evaluate accepts/],
			[['--attack', 'pgd', '--set', 'targeted=true'], 1, /needs a class to aim at/],
		]
		for (const [more, expected, message] of wrong) {
			const { code, stderr } = await runCli(args('refused', ...declared, ...more))
			expect(stderr).toMatch(message)
			expect(code).toBe(expected)
		}
		expect(existsSync(join(folder, 'refused'))).toBe(false)
	})
})
