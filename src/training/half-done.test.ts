/** States that earlier versions of this program left half-done, read as they are. */

import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { loadState } from './state.js'

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/half-done/${name}`, import.meta.url))

async function copied(name: string): Promise<{ path: string; lastGoodPath: string }> {
	const folder = await temporaryFolder()
	await copyFile(fixture(name), join(folder, name))
	return { path: join(folder, name), lastGoodPath: join(folder, 'last-good') }
}

it('a tuning run', async () => {
	const saved = await loadState({
		...(await copied('coop.state.safetensors')),
		optimizer: 'adamw',
		parameters: new Map([['text.context.0', [2, 16]]]),
		own: z.object({ history: z.object({ epochsAtChance: z.int(), learned: z.boolean() }) }),
	})
	const { state, notice } = saved!
	expect(notice).toContain('has no checksum beside it')
	expect(state.optimizer.step).toBe(1)
	expect(Object.keys(state.optimizer.memory)).toEqual(['first', 'second'])
	expect(state.own).toEqual({ history: { epochsAtChance: 0, learned: true } })
	expect(state.usage).toEqual({ seconds: 0.059916576000000075, residentBytes: 184811520 })
	expect(state.log).toEqual({ length: 175 })
	expect(state.sums).toEqual({ images: 0, cleanLoss: 0, adversarialLoss: 0, cleanCorrect: 0, adversarialCorrect: 0 })
	expect(state.parameters['text.context.0']!.data.some((value) => value !== 0)).toBe(true)
})

it('a surrogate', async () => {
	let description = ''
	const shapes = {
		'stem.weight': [2, 3, 3, 3],
		'stem.scale': [2],
		'stem.shift': [2],
		'classifier.weight': [3, 4],
		'classifier.bias': [3],
	}
	const saved = await loadState({
		...(await copied('classifier-plain.state.safetensors')),
		optimizer: 'sgd',
		parameters: new Map(Object.entries(shapes)),
		averages: {
			averages: new Map([
				['stem.mean', [2]],
				['stem.variance', [2]],
			]),
		},
		own: z.object({}),
		checkIdentity: (metadata) => {
			description = metadata.description ?? ''
		},
		earlierNames: { velocities: 'velocity' },
	})
	const { state } = saved!
	expect(JSON.parse(description)).toMatchObject({ kind: 'classifier', data: { images: 30 } })
	expect(state.optimizer.step).toBe(5)
	expect(state.optimizer.memory.velocity!['classifier.bias']!.some((value) => value !== 0)).toBe(true)
	expect(state.averages.averages!['stem.variance']!.data.every((value) => value > 0)).toBe(true)
	expect(state.sums).toEqual({ loss: 2.2038499116897583, accuracy: 0.7 })
	expect(state.usage.seconds).toBe(0.023715726999999787)
})
