import { chmod, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { toFloat16 } from '../files/float-formats.js'
import { readSafetensorsHeader, readSafetensorsTensors } from '../files/safetensors.js'
import { temporaryFolder, withoutSuperuser } from '../files/temporary-folder.test.helper.js'
import { loadCheckpoint } from './checkpoint.js'
import { type CheckpointToSave, saveCheckpoint } from './save-checkpoint.js'

const tiny = fileURLToPath(new URL('../../fixtures/checkpoints/tiny/', import.meta.url))

async function tinyCheckpoint(): Promise<CheckpointToSave & { weights: Map<string, Float32Array> }> {
	const json = async (name: string) => JSON.parse(await readFile(join(tiny, name), 'utf8')) as Record<string, unknown>
	const tensors = await readSafetensorsTensors(join(tiny, 'model.safetensors'))
	return {
		config: await json('config.json'),
		weights: new Map([...tensors].map(([name, { data }]) => [name, new Float32Array(data.buffer)])),
		dtype: 'F32',
		tokenizer: await readFile(join(tiny, 'tokenizer.json'), 'utf8'),
		preprocessorConfig: await json('preprocessor_config.json'),
	}
}

describe('saveCheckpoint', () => {
	it('writes float32 weights byte for byte as transformers does', async () => {
		const folder = join(await temporaryFolder(), 'new', 'checkpoint')
		await saveCheckpoint(folder, await tinyCheckpoint())
		const saved = await readFile(join(folder, 'model.safetensors'))
		expect(saved.equals(await readFile(join(tiny, 'model.safetensors')))).toBe(true)
		expect((await readdir(folder)).sort()).toEqual(
			['config.json', 'model.safetensors', 'preprocessor_config.json', 'tokenizer.json'].sort(),
		)
		const { config, preprocessor } = await loadCheckpoint(folder)
		const reference = await loadCheckpoint(tiny)
		expect([config, preprocessor]).toEqual([reference.config, reference.preprocessor])
	})

	it('rounds to half precision, which loads again', async () => {
		const folder = await temporaryFolder()
		const checkpoint = await tinyCheckpoint()
		await saveCheckpoint(folder, { ...checkpoint, dtype: 'F16' })
		const { metadata } = await readSafetensorsHeader(join(folder, 'model.safetensors'))
		expect(metadata).toEqual({ format: 'pt' })
		for (const [name, { dtype, data }] of await readSafetensorsTensors(join(folder, 'model.safetensors'))) {
			expect(dtype).toBe('F16')
			expect(new Uint16Array(data.buffer)).toEqual(toFloat16(checkpoint.weights.get(name)!))
		}
		const { weights } = await loadCheckpoint(folder, { cacheDirectory: join(folder, 'cache') })
		expect(weights.size).toBe(checkpoint.weights.size)
	})

	it('writes 1.0 in the config where transformers does not take 1', async () => {
		const folder = await temporaryFolder()
		const checkpoint = await tinyCheckpoint()
		await saveCheckpoint(folder, checkpoint)
		const text = await readFile(join(folder, 'config.json'), 'utf8')
		expect(JSON.parse(text)).toEqual(checkpoint.config)
		expect(text.match(/"initializer_factor": 1\.0,?$/gm)?.length).toBe(3)
		expect(text).not.toMatch(/"num_hidden_layers": 1\.0/)
	})

	it('replaces an older checkpoint', async () => {
		const folder = await temporaryFolder()
		await writeFile(join(folder, 'model.safetensors'), 'old')
		await saveCheckpoint(folder, await tinyCheckpoint())
		expect((await loadCheckpoint(folder)).weights.size).toBe(46)
	})

	it('refuses what could not be loaded again, and writes nothing', async () => {
		const folder = await temporaryFolder()
		const refused = async (change: (weights: Map<string, Float32Array>) => void, dtype: 'F16' | 'F32' = 'F32') => {
			const checkpoint = await tinyCheckpoint()
			change(checkpoint.weights)
			const error = await saveCheckpoint(folder, { ...checkpoint, dtype }).catch((error: Error) => error)
			return String(error)
		}
		expect(await refused((weights) => weights.delete('logit_scale'))).toMatch(/logit_scale has no numbers instead of 1/)
		expect(await refused((weights) => weights.set('extra', new Float32Array(1)))).toMatch(
			/extra is not a weight of CLIP/,
		)
		expect(await refused((weights) => weights.set('logit_scale', new Float32Array(2)))).toMatch(
			/has 2 numbers instead of 1/,
		)
		const nan = (weights: Map<string, Float32Array>) => weights.set('logit_scale', Float32Array.of(NaN))
		expect(await refused(nan)).toMatch(/logit_scale holds numbers that are not finite in F32.*Nothing was written/)
		const large = (weights: Map<string, Float32Array>) => weights.set('logit_scale', Float32Array.of(-70000))
		expect(await refused(large, 'F16')).toMatch(/not finite in F16/)
		const { config, ...rest } = await tinyCheckpoint()
		await expect(saveCheckpoint(folder, { ...rest, config: { ...config, model_type: 'bert' } })).rejects.toThrow(
			/"bert"/,
		)
		expect(await readdir(folder)).toEqual([])
	})

	it('explains a folder that may not be written', async () => {
		const folder = await temporaryFolder()
		await chmod(folder, 0o555)
		const checkpoint = await tinyCheckpoint()
		await expect(withoutSuperuser(() => saveCheckpoint(folder, checkpoint))).rejects.toThrow(/No permission/)
		await expect(withoutSuperuser(() => saveCheckpoint(join(folder, 'sub'), checkpoint))).rejects.toThrow(
			/No permission/,
		)
		await chmod(folder, 0o755)
		expect(await readdir(folder)).toEqual([])
	})
})
