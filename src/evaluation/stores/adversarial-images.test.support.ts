/** Adversarial images that were not made by an attack, and a manifest for them. */

import { range } from '../../core/rows.js'
import { float32 } from '../../core/tensor.js'
import { generator } from '../../random/counter-based.js'
import type { AdversarialBatch, AdversarialManifest } from './adversarial-images.js'

/** A manifest of images [3, 4, 5] in L-infinity of 8/255. */
export const testManifest: AdversarialManifest = {
	format: 1,
	attack: { name: 'pgd-20', attack: 'pgd', source: 'a paper', options: { steps: 20 } },
	models: [{ name: 'surrogate.onnx', sha256: 'a'.repeat(64) }],
	threatModel: { norm: 'linf', epsilon: 8 / 255 },
	seed: 3,
	imageShape: [3, 4, 5],
	preprocessing: { size: 4 },
	dataset: { name: 'tiny', origin: { dataset: 'own' }, notices: [], split: 'test', classNames: ['cat', 'dog'] },
	versions: { naptune: '0', engine: 'x', device: 'cpu' },
}

/** Images `image FIRST` to `image END - 1`, labelled by parity. */
export function testBatch(first: number, end: number, size = 60): AdversarialBatch {
	const ids = range(first, end).map((index) => `image ${index}`)
	const clean = ids.flatMap((id) => {
		const stream = generator(1, id)
		return range(0, size).map(() => 0.1 + 0.8 * stream.uniform())
	})
	const shape = [ids.length, 3, 4, size / 12]
	return {
		ids,
		labels: range(first, end).map((index) => index % 2),
		clean: float32(shape, clean),
		images: float32(
			shape,
			clean.map((value, index) => value + (index % 2 ? 0.03 : -0.03)),
		),
	}
}
