import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { attack } from './attack.js'
import { evaluate } from './evaluate.js'
import { inspect } from './inspect.js'
import { report } from './report.js'
import { tune } from './tune.js'

let folder: string
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-names-'))
	await mkdir(join(folder, 'runs', 'photos'), { recursive: true })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const tuned = (more: object) => tune({ output: join(folder, 'run'), ...more })
const meant: readonly (readonly [string, () => Promise<unknown>, string])[] = [
	['setting', () => tuned({ set: { learningRate: 1 } }), 'optimizer.learningRate'],
	['option of a defense', () => tuned({ set: { defense: { options: { textPrompt: 1 } } } }), 'textPrompts'],
	['choice of a setting', () => tuned({ set: { optimizer: { name: 'adam' } } }), 'adamw'],
	['preset', () => tuned({ preset: 'papr' }), 'paper'],
	['defense', () => tuned({ defense: 'napp' }), 'nap'],
	['data set', () => tuned({ data: 'cifar10mini' }), 'cifar10-mini'],
	[
		'data set to attack an ONNX model on',
		() => attack({ onnx: 'm.onnx', epsilon: 0, data: 'caltech10' }),
		'caltech101',
	],
	['attack', () => attack({ onnx: 'm.onnx', data: folder, epsilon: 0, attack: 'pgd100' }), 'pgd-100'],
	['option of an attack', () => attack({ onnx: 'm.onnx', data: folder, epsilon: 0, set: { step: 3 } }), 'steps'],
]

it.each(meant)('where none exists, it names the %s that was meant', async (_, run, name) => {
	await expect(run()).rejects.toThrow(`Did you mean ${name}?`)
})

it('a path that does not exist brings the one that was meant', async () => {
	const photos = join(folder, 'runs', 'photos')
	const wrong = join(folder, 'runs', 'phots')
	for (const run of [
		() => tuned({ data: wrong }),
		() => evaluate({ run: wrong }),
		() => inspect({ run: wrong }),
		() => report({ source: wrong }),
	]) {
		await expect(run()).rejects.toThrow(`Did you mean ${photos}?`)
	}
})
