import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { writeSeededCheckpoint } from '../checkpoints/seeded-checkpoint.js'
import { seededPixels } from '../checkpoints/seeded-values.js'
import { readSafetensorsHeader } from '../files/safetensors.js'
import type { Tensor } from '../onnx/index.js'
import { createEngine } from '../runtime/index.js'
import { clipFeeds, clipOutputs, fixtures, fixtureTokens, openFixture, worstRow } from './fixtures.test.support.js'
import { frozenWeights, type WeightReference } from './weights.js'

// Writes 605 MB for the time of the test: 10 to 20 s, more on a busy machine.
it.skipIf(process.env.NAPTUNE_SKIP_LARGE === '1')(
	'a CLIP of the geometry of ViT-B/32 is that of the reference',
	async () => {
		const folder = await mkdtemp(join(tmpdir(), 'naptune-vit-b-32-'))
		onTestFinished(() => rm(folder, { recursive: true, force: true }))
		const fixture = await openFixture('vit-b-32')
		await writeSeededCheckpoint(folder, JSON.parse(await readFile(join(fixtures, 'vit-b-32/config.json'), 'utf8')), 32)
		const file = join(folder, 'model.safetensors')
		const { tensors } = await readSafetensorsHeader(file)
		const weights = new Map([...tensors].map(([name, entry]): [string, WeightReference] => [name, { ...entry, file }]))

		const engine = await createEngine()
		onTestFinished(() => engine.close())
		const tokens = fixtureTokens(fixture)
		const outputs = clipOutputs(fixture, frozenWeights(weights), { length: tokens.length, type: 'float32' })
		const program = await engine.compile(outputs, { name: 'ViT-B/32' })
		expect(program.modelBytes).toBeLessThan(1_000_000)
		const labels = fixture.golden.get('labels')!.data
		const size = 3 * 224 * 224
		const results = await program.run(clipFeeds(seededPixels(32, labels.length * size), labels, tokens, fixture))

		for (const name of ['image_features', 'text_features', 'logits', 'loss']) {
			expect(worstRow(results[name]!, fixture.golden.get(name)!), name).toBeLessThan(1e-5)
		}
		const gradient = results.pixel_gradient as Tensor<'float32'>
		const sample = Array.from(labels, (_, image) =>
			Array.from({ length: 2048 }, (_, at) => gradient.data[image * size + 37 + 73 * at]!),
		).flat()
		const golden = fixture.golden.get('pixel_gradient_sample')!
		const sampled = { type: 'float32', shape: golden.shape, data: Float32Array.from(sample) } as const
		expect(worstRow(sampled, golden)).toBeLessThan(1e-4)
		const norm = (start: number, length: number) => Math.hypot(...blocks(gradient.data.subarray(start, start + length)))
		fixture.golden.get('pixel_gradient_norm')!.data.forEach((expected, image) => {
			expect(Math.abs(norm(image * size, size) / expected - 1)).toBeLessThan(1e-4)
		})
		fixture.golden.get('pixel_gradient_channel_norm')!.data.forEach((expected, at) => {
			expect(Math.abs(norm((at * size) / 3, size / 3) / expected - 1)).toBeLessThan(1e-4)
		})
	},
	600_000,
)

/** Norms of pieces short enough to be passed as arguments. */
function blocks(values: Float32Array): number[] {
	const length = 1024
	return Array.from({ length: values.length / length }, (_, at) =>
		Math.hypot(...values.subarray(at * length, (at + 1) * length)),
	)
}
