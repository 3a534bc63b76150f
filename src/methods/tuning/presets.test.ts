import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { createEngine } from '../../runtime/index.js'
import { loadPreset, presetConfig } from './presets.js'
import { tinyClip, tinyDataset } from './tiny.test.support.js'
import { tune } from './tune.js'

describe('a run under a preset', () => {
	it('records the preset as it was with what was changed, and is resumed under any that comes to the same', async () => {
		const engine = await createEngine({ threads: 1 })
		const folder = await temporaryFolder()
		const clip = await tinyClip(join(folder, 'model'))
		const output = join(folder, 'run')
		const changes = [
			{ shots: 2, epochs: 2 },
			{ defense: { options: { textPrompts: 2 } }, stopOnCollapse: false },
		]
		const preset = await loadPreset('reference')
		const first = presetConfig(preset, 'coop', ...changes)
		const stop = new AbortController()
		const input = { engine, clip, dataset: tinyDataset(), output }
		const stopped = await tune({ ...input, ...first, signal: stop.signal, onEpoch: () => stop.abort() })
		expect(stopped.finished).toBe(false)
		const file = join(output, 'run.json')
		const text = await readFile(file, 'utf8')
		expect(JSON.parse(text).preset).toEqual({ ...JSON.parse(JSON.stringify(preset)), overrides: changes })
		expect(JSON.parse(text).preset).toMatchObject({ name: 'reference', version: 2, methods: { coop: { epochs: 200 } } })
		expect(JSON.parse(text).config).toEqual(first.config)

		const second = presetConfig(await loadPreset('transfer'), 'coop', ...changes)
		expect(second.origin.preset.name).toBe('transfer')
		expect(second.config).toEqual(first.config)
		expect((await tune({ ...input, ...second, resume: true })).finished).toBe(true)
		expect(await readFile(file, 'utf8')).toBe(text)
		// Without a preset at all, the same.
		expect((await tune({ ...input, config: first.config, resume: true })).finished).toBe(true)

		const other = presetConfig(await loadPreset('tiny'), 'coop', ...changes)
		await expect(tune({ ...input, ...other, resume: true })).rejects.toThrow(/differs in .*config\.optimizer\.name/)
		await engine.close()
	})
})
