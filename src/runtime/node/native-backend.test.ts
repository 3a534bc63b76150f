import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { plansMemory } from './native-backend.js'

it('lays out memory ahead for small weights only', async () => {
	const externalDirectory = await mkdtemp(join(tmpdir(), 'naptune-plans-'))
	onTestFinished(() => rm(externalDirectory, { recursive: true, force: true }))
	for (const [name, size] of [
		['a', 40e6],
		['b', 30e6],
	] as const) {
		const file = await open(join(externalDirectory, name), 'w')
		await file.truncate(size)
		await file.close()
	}
	const settings = { prepack: true, spinning: false, doublePrecision: false, externalContents: new Map() }
	expect(plansMemory({ ...settings, externalFiles: [] })).toBe(true)
	expect(plansMemory({ ...settings, externalDirectory, externalFiles: ['a'] })).toBe(true)
	expect(plansMemory({ ...settings, externalDirectory, externalFiles: ['a', 'b'] })).toBe(false)
})
