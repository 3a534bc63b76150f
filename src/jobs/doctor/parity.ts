/** Checks whether an engine computes correctly: the embedded CLIP on a synthetic picture, against reference values. */

import { z } from 'zod'
import { float32 } from '../../core/tensor.js'
import { prepareDefense } from '../../defenses/registry.js'
import { deployedClassifier } from '../../evaluation/deployed/deployed-classifier.js'
import { count } from '../../records/parts/fields.js'
import type { Engine } from '../../runtime/engine.js'
import type { ClipModel } from '../../vlm/model.js'

/** How far an engine is from the reference logits. */
export const paritySchema = z.object({
	logits: z.array(z.number()).describe('Logits of the embedded CLIP on a synthetic picture.'),
	expected: z.array(z.number()).describe('Logits of the native engine, version 1.30.0, on the CPU of linux-x64.'),
	distance: z.number().nonnegative().describe('Largest difference of any logit.'),
	tolerance: z.number().positive(),
	agrees: z.boolean(),
	milliseconds: count.describe('Time for one picture, after compilation.'),
})

/** Classes that the picture might show. */
const classNames = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']

/** Computed by onnxruntime-node 1.30.0; onnxruntime-web gives the same to 4 decimals. */
const expected: readonly number[] = [
	5.605384, 5.14502, 4.635846, 2.498914, -0.059563, 1.50932, 3.225079, 1.353199, 1.995138, 5.739472,
]

/** Processors sum in different orders; graphics processors round more. */
const tolerances = { cpu: 2e-3, other: 5e-2 } as const

/** A picture of waves, identical on every machine, because quotients of integers round identically everywhere. */
function drawnPicture(size: number): Float32Array {
	return Float32Array.from({ length: 3 * size * size }, (_, at) => {
		const [channel, y, x] = [Math.floor(at / (size * size)), Math.floor(at / size) % size, at % size]
		return ((x * (channel + 2) + y * y) % 29) / 28
	})
}

/** Runs the embedded CLIP. @param clip The embedded CLIP. @throws NaptuneError when the engine fails. */
export async function examineParity(engine: Engine, clip: ClipModel): Promise<z.output<typeof paritySchema>> {
	const defense = prepareDefense('vanilla', clip, classNames)
	const classifier = await deployedClassifier(engine, clip, defense, {})
	try {
		const size = clip.config.vision.imageSize
		const picture = float32([1, 3, size, size], drawnPicture(size))
		await classifier.evaluate(picture, ['logits'])
		const start = performance.now()
		const { logits } = await classifier.evaluate(picture, ['logits'])
		const milliseconds = Math.round(performance.now() - start)
		const found = [...(logits?.data ?? [])]
		const distance = Math.max(...expected.map((value, at) => Math.abs(value - (found[at] ?? Number.NaN))))
		const tolerance = ['cpu', 'wasm'].includes(engine.device) ? tolerances.cpu : tolerances.other
		return {
			logits: found,
			expected: [...expected],
			distance: Number.isNaN(distance) ? Number.MAX_VALUE : distance,
			...{ tolerance, agrees: distance <= tolerance, milliseconds },
		}
	} finally {
		await classifier.release()
	}
}
