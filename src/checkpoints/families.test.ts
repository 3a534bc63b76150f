import { cp, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entry, present } from '../core/at.js'
import { isRecord } from '../core/guards.js'
import { float32, int64, type Tensor, tensor } from '../core/tensor.js'
import { toFloat16 } from '../files/float-formats.js'
import { relativeError } from '../files/golden.test.support.js'
import { readSafetensorsTensors, writeSafetensors } from '../files/safetensors.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { grad, ops } from '../onnx/index.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import type { ClipModel } from '../vlm/model.js'
import { classLogits, encodeImage, encodeText } from '../vlm/towers.js'
import { familyFixture, familyGolden, openClipFolder, openFamily, withNanoTokenizer } from './families.test.support.js'
import { pixelStream, seededBits } from './seeded-values.js'

const labels = [3, 0, 2]

/** The pictures of the fixtures, [3, 3, S, S]. */
function pictures(size: number): Tensor<'float32'> {
	const values = Float32Array.from({ length: 9 * size * size }, (_, at) => seededBits(5, pixelStream, at) * 2 ** -24)
	return float32([3, 3, size, size], values)
}

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

/** Largest relative errors of features, logits and pixel gradient. */
async function compared(clip: ClipModel, golden: ReadonlyMap<string, number[]>) {
	const { imageSize } = clip.config.vision
	const ids = entry(golden, 'input_ids')
	const length = ids.length / 5
	const end = clip.config.text.eosRule === 'last' ? () => length - 1 : (row: number[]) => row.indexOf(Math.max(...row))
	const ends = Array.from({ length: 5 }, (_, row) => end(ids.slice(row * length, (row + 1) * length)))
	const pixels = ops.input('pixels', 'float32', ['B', 3, imageSize, imageSize])
	const image = encodeImage(clip, pixels).features
	const tokens = ops.input('ids', 'int64', [5, length])
	const text = encodeText(clip, tokens, ops.input('end', 'float32', [5, length])).features
	const logits = classLogits(clip, image, ops.normalizeL2(text))
	const [gradient] = grad(ops.crossEntropy(logits, ops.input('labels', 'int64', ['B'])), [pixels])
	const program = await engine.compile({ image, text, logits, gradient: present(gradient, 'gradient') })
	const found = await program.run({
		pixels: pictures(imageSize),
		ids: int64([5, length], BigInt64Array.from(ids, BigInt)),
		end: float32(
			[5, length],
			Float32Array.from({ length: 5 * length }, (_, at) => (ends[Math.floor(at / length)] === at % length ? 1 : 0)),
		),
		labels: tensor('int64', [3], BigInt64Array.from(labels, BigInt)),
	})
	await program.release()
	const error = (name: string, key: string) => relativeError(entryOf(found, name), entry(golden, key))
	return {
		image: error('image', 'image_features'),
		text: error('text', 'text_features'),
		logits: error('logits', 'logits'),
		gradient: error('gradient', 'pixel_gradient'),
	}
}

function entryOf(found: Readonly<Record<string, Tensor>>, name: string): Float32Array {
	return (found[name] as Tensor<'float32'>).data
}

function expectParity(errors: Awaited<ReturnType<typeof compared>>): void {
	const { gradient, ...values } = errors
	for (const [name, error] of Object.entries(values)) expect(error, name).toBeLessThan(1e-5)
	expect(gradient, 'pixel gradient').toBeLessThan(1e-4)
}

/** Numbers of another element type: float16 to the nearest, bfloat16 cut off. */
function rounded(dtype: 'F16' | 'BF16' | 'F64', values: Float32Array): Uint16Array | Float64Array {
	if (dtype === 'F64') return Float64Array.from(values)
	return dtype === 'F16' ? toFloat16(values) : Uint16Array.from(new Uint32Array(values.buffer), (word) => word >>> 16)
}

describe('what the own library computes in float64', () => {
	it('open_clip: a folder of float32 safetensors, read in place', async () => {
		const folder = await openClipFolder()
		const { clip, notices } = await openFamily(folder)
		expectParity(await compared(clip, await familyGolden('open-clip/golden.safetensors')))
		expect(notices).toEqual([])
		const places = new Set([...clip.checkpoint.weights.values()].map(({ file }) => file))
		expect([...places].map((file) => dirname(file))).toEqual([folder])
	})

	it("open_clip: half precision in a training checkpoint, with a prefix and an optimizer's state", async () => {
		const { clip, notices } = await openFamily(await openClipFolder('open-clip-gelu'))
		expectParity(await compared(clip, await familyGolden('open-clip-gelu/golden.safetensors')))
		expect(notices).toEqual([expect.stringContaining('prefix "module." on every name')])
		expect(clip.config.vision.activation).toBe('gelu')
		// Also where another tower replaces a part of it.
		const replaced = await openFamily(
			`${clip.checkpoint.source}?vision-weights=${familyFixture('open-clip/open_clip_model.safetensors')}`,
		)
		expect(replaced.notices).toEqual(notices)
		expect(replaced.clip.checkpoint.sha256).not.toBe(clip.checkpoint.sha256)
	})

	it('openai/CLIP: a TorchScript archive, of which no program is read', async () => {
		const { clip, notices } = await openFamily(withNanoTokenizer('openai.pt'))
		expectParity(await compared(clip, await familyGolden('openai-golden.safetensors')))
		expect(notices).toEqual([])
		expect(clip.config).toMatchObject({
			family: 'openai',
			projectionDimension: 16,
			vision: { imageSize: 16, patchSize: 8, layers: 2, width: 64, activation: 'quick_gelu' },
			text: { contextLength: 12, layers: 2, width: 16 },
		})
	})

	it('openai/CLIP: a state dict, saved from such an archive', async () => {
		const { clip, notices } = await openFamily(withNanoTokenizer('openai-state.pt'))
		expectParity(await compared(clip, await familyGolden('openai-state-golden.safetensors')))
		expect(notices).toEqual([])
		expect(clip.config).toMatchObject({ family: 'openai', vision: { layers: 1, activation: 'quick_gelu' } })
	})

	it("open_clip: a training checkpoint by itself, with an architecture of the user's own", async () => {
		const own = join(await temporaryFolder(), 'tiny.json')
		const config: unknown = JSON.parse(await readFile(familyFixture('open-clip-gelu/open_clip_config.json'), 'utf8'))
		await writeFile(own, JSON.stringify(isRecord(config) ? config.model_cfg : undefined))
		const { clip } = await openFamily(
			withNanoTokenizer('open-clip-gelu/open_clip_pytorch_model.bin', { architecture: own }),
		)
		expectParity(await compared(clip, await familyGolden('open-clip-gelu/golden.safetensors')))
	})

	it('transformers: a CLIP in several files, read in place', async () => {
		const { clip, notices } = await openFamily(withNanoTokenizer('transformers/sharded'))
		expectParity(await compared(clip, await familyGolden('transformers/sharded-golden.safetensors')))
		expect(notices).toEqual([])
		const files = new Set([...clip.checkpoint.weights.values()].map(({ file }) => file))
		expect([...files].sort()).toEqual(
			['00001', '00002', '00003'].map((shard) =>
				familyFixture(`transformers/sharded/model-${shard}-of-00003.safetensors`),
			),
		)
	})

	it('transformers: the two halves of a CLIP, in bfloat16 and half precision, on the scale of another', async () => {
		const golden = await familyGolden('transformers/halves-golden.safetensors')
		const [image, text] = ['vision-half', 'text-half'].map((half) => familyFixture(`transformers/${half}`))
		const halves = { 'vision-weights': `${image}/model.safetensors`, 'text-weights': `${text}` }
		const { clip } = await openFamily(withNanoTokenizer('transformers/sharded', halves))
		expectParity(await compared(clip, golden))
		// Each half alone leaves the other as it was.
		const base = await familyGolden('transformers/sharded-golden.safetensors')
		const one = await openFamily(withNanoTokenizer('transformers/sharded', { 'text-weights': `${text}` }))
		const errors = await compared(one.clip, base)
		expect(errors.image).toBeLessThan(1e-5)
		expect(errors.text).toBeGreaterThan(1e-2)
	})

	it('transformers: SigLIP, whose border of one pixel no patch reads', async () => {
		const { clip } = await openFamily(familyFixture('siglip'))
		expectParity(await compared(clip, await familyGolden('siglip/golden.safetensors')))
		expect(clip.config.family).toBe('siglip')
	})

	it.each([
		['F16', 5e-3],
		['BF16', 5e-2],
		['F64', 1e-5],
	] as const)('transformers: a SigLIP in %s, whose scale and bias are scalars', async (dtype, tolerance) => {
		const folder = join(await temporaryFolder(), 'siglip')
		await cp(familyFixture('siglip'), folder, { recursive: true })
		const path = join(folder, 'model.safetensors')
		const stored = await readSafetensorsTensors(path)
		await writeSafetensors(
			path,
			Object.fromEntries(
				[...stored].map(([name, { shape, data }]) => {
					const values = new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength))
					return [name, { dtype, shape: name.startsWith('logit_') ? [] : shape, data: rounded(dtype, values) }]
				}),
			),
		)
		const { clip } = await openFamily(folder)
		const errors = await compared(clip, await familyGolden('siglip/golden.safetensors'))
		for (const error of [errors.image, errors.text, errors.logits]) expect(error).toBeLessThan(tolerance)
		if (dtype !== 'F64') expect(errors.image).toBeGreaterThan(1e-5)
	})

	it('an image tower of FARE or TeCoA on its base', async () => {
		const folder = await openClipFolder()
		const { clip } = await openFamily(`${folder}?vision-weights=${familyFixture('image-tower.pt')}`)
		const base = await openFamily(folder)
		expect(clip.checkpoint.sha256).not.toBe(base.clip.checkpoint.sha256)
		expectParity(await compared(clip, await familyGolden('image-tower-golden.safetensors')))
	})
})
