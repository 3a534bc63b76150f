import { expect, it } from 'vitest'
import { loadClip } from '../../checkpoints/load-clip.js'
import { loadCifar10Mini } from '../../data/cifar10-mini.js'
import { subset } from '../../data/dataset.js'
import { createImageLoader } from '../../data/loading/image-loader.js'
import { createEngine } from '../../runtime/index.js'
import { breakingEpsilon } from './breaking-epsilon.js'

it('takes the size at which nano keeps at most a quarter of the validation images', async () => {
	const clip = await loadClip('nano')
	const whole = await loadCifar10Mini()
	const validation = subset(
		whole.validation,
		[0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 5, 15, 25, 35, 45, 55, 65, 75, 85, 95],
	)
	const engine = await createEngine()
	const loader = createImageLoader()
	const context = {
		engine: async () => engine,
		imageLoader: () => loader,
		signal: new AbortController().signal,
		onNote() {},
		onProgress() {},
	}
	try {
		const input = { clip, dataset: { ...whole, validation }, seed: 1, unreadable: 'stop' } as const
		const { epsilon, text } = await breakingEpsilon(context, input)
		expect([2 / 255, 3 / 255]).toContain(epsilon)
		expect(text).toMatch(
			/^Vanilla CLIP gets \d+ of 20 validation images right; under pgd-20 \d+ at 1\/255, \d+ at 2\/255/,
		)
		expect(text).toContain(`No epsilon was given, so this run takes ${Math.round(epsilon * 255)}/255`)
		expect(await breakingEpsilon(context, input)).toEqual({ epsilon, text })
	} finally {
		await loader.close()
		await engine.close()
	}
})
