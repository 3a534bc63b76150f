import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { embeddedDirectory } from '../checkpoints/checkpoint.js'
import { familyFixture } from '../checkpoints/families.test.support.js'
import { loadClip } from '../checkpoints/load-clip.js'
import { NaptuneError } from '../core/errors.js'
import type { Tensor } from '../core/tensor.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { writeTinyCheckpoint } from '../methods/tuning/tiny.test.support.js'
import { createEngine, type Engine } from '../runtime/index.js'
import { type ClipFiles, clipFromFiles } from './clip-from-files.js'
import type { ClipModel } from './model.js'
import { zeroShotTextFeatures } from './zero-shot-features.js'

async function filesOf(directory: string): Promise<ClipFiles> {
	const json = async (name: string) => JSON.parse(await readFile(join(directory, name), 'utf8'))
	return {
		config: await json('config.json'),
		preprocessor: await json('preprocessor_config.json'),
		tokenizer: await json('tokenizer.json'),
		weights: await readFile(join(directory, 'model.safetensors')),
	}
}

let engine: Engine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

const features = async (clip: ClipModel): Promise<Tensor<'float32'>> =>
	zeroShotTextFeatures(engine, clip, ['cat', 'great_white_shark', 'tennis racket'])

describe('a CLIP from the contents of its files', () => {
	it('is the same as from the folder, where weights are converted', async () => {
		const fromFolder = await loadClip('nano')
		const { weights: _, ...expected } = fromFolder.checkpoint
		const clip = await clipFromFiles({ ...(await filesOf(embeddedDirectory)), source: 'nano' })
		const { weights, ...checkpoint } = clip.checkpoint
		expect(expected).toMatchObject(checkpoint)
		expect(clip.statistics).toEqual(fromFolder.statistics)
		expect([...weights.keys()]).toEqual([...fromFolder.checkpoint.weights.keys()])
		expect(await features(clip)).toEqual(await features(fromFolder))
		const table = 'text_model.embeddings.token_embedding.weight'
		expect(await clip.readRows(table, [4607, 0, 7])).toEqual(await fromFolder.readRows(table, [4607, 0, 7]))
		await expect(clip.readRows(table, [4608])).rejects.toThrow('has no row 4608')
		await expect(fromFolder.readRows(table, [-1])).rejects.toThrow('has no row -1')
		await expect(clip.readRows('logit_scale', [0])).rejects.toThrow(NaptuneError)
	})

	it('may be a SigLIP, whose fused projection becomes slices', async () => {
		const folder = familyFixture('siglip')
		const files = await filesOf(folder)
		const both = [await loadClip(folder), await clipFromFiles(files)] as const
		const texts = await Promise.all(both.map((clip) => zeroShotTextFeatures(engine, clip, ['cat', 'dog'])))
		expect(texts[1]!.data).toEqual(texts[0]!.data)
		const [, fromFiles] = both
		const { offset, shape } = fromFiles.checkpoint.weights.get('vision_model.head.attention.k_proj.weight')!
		expect({ offset, shape }).toEqual({
			offset: fromFiles.checkpoint.weights.get('vision_model.head.attention.q_proj.weight')!.offset + 24 * 24 * 4,
			shape: [24, 24],
		})
		const weights = await readFile(familyFixture('open-clip/open_clip_model.safetensors'))
		await expect(clipFromFiles({ ...files, weights })).rejects.toThrow(/has the names of open_clip/)
	})

	it('refers to float32 in place', async () => {
		const folder = await temporaryFolder()
		await writeTinyCheckpoint(folder)
		const files = await filesOf(folder)
		const weights = new Uint8Array(files.weights)
		const clip = await clipFromFiles({ ...files, weights, sha256: 'known' })
		expect(clip.checkpoint).toMatchObject({ source: 'handed in', sha256: 'known' })
		for (const { content } of clip.checkpoint.weights.values()) expect(content).toBe(weights)
	})

	it('refuses files that disagree, are damaged or hold no numbers', async () => {
		const files = await filesOf(embeddedDirectory)
		const refused = (other: Partial<ClipFiles>) => expect(clipFromFiles({ ...files, ...other })).rejects
		await refused({ weights: files.weights.subarray(0, 1000) }).toThrow(/model\.safetensors is truncated/)
		await refused({ weights: new Uint8Array(3) }).toThrow(/model\.safetensors is truncated/)
		await refused({ config: { text_config: {}, vision_config: {}, model_type: 'clip' } }).toThrow(NaptuneError)
		await refused({ preprocessor: { crop_size: 32 } }).toThrow(/makes images of 32x32/)
		await refused({ tokenizer: {} }).toThrow(/tokenizer\.json is damaged/)
		const broken = new Uint8Array(files.weights)
		// The last number of the file, in half precision.
		broken.set([0xff, 0x7f], broken.length - 2)
		await refused({ weights: broken }).toThrow(/not finite/)
	})
})
