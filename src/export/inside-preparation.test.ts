import { fileURLToPath } from 'node:url'
import { toBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema } from 'onnx-buf'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { expect, it } from 'vitest'
import { at, entry } from '../core/at.js'
import { float32 } from '../core/tensor.js'
import { decodeImage } from '../images/decode.js'
import { preprocess } from '../images/preprocess.js'
import { resize } from '../images/resize.js'
import { ops } from '../onnx/graph.js'
import { type PreprocessorConfig, parsePreprocessorConfig } from '../vlm/preprocessor-config.js'
import { bytesOfPixelValues, preparationAlone, withPreparationInside } from './inside-preparation.js'
import { modelMessage } from './model-message.js'

const photo = fileURLToPath(new URL('../../fixtures/images/photo-odd.jpg', import.meta.url))
const statistics = { mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.3] }

const config = (overrides: object): PreprocessorConfig =>
	parsePreprocessorConfig({
		size: { shortest_edge: 24 },
		crop_size: 20,
		image_mean: statistics.mean,
		image_std: statistics.std,
		...overrides,
	})

const model = () =>
	modelMessage({ twice: ops.mul(ops.input('pixel_values', 'float32', ['batch_size', 3, 20, 20]), 2) }, {})

it.each([
	['bicubic, smaller', {}, [61, 47]],
	['bicubic, much smaller', {}, [640, 427]],
	['bicubic, larger', {}, [17, 23]],
	['bilinear, smaller', { resample: 2 }, [61, 47]],
	['to an exact size, both ways', { size: { height: 20, width: 26 } }, [31, 12]],
] as const)('prepares pictures as Pillow does, %s', async (_, overrides, [width, height]) => {
	const whole = await decodeImage(photo)
	const size = { width, height }
	const picture = resize(whole, size, 'bicubic', { left: 0, top: 0, ...size })
	const own = config(overrides)
	const expected = preprocess(picture, own)
	const session = await InferenceSession.create(toBinary(ModelProtoSchema, preparationAlone(await model(), own)))
	const image = new Tensor('uint8', new Uint8Array(picture.rgb), [1, height, width, 3])
	const found = entry(await session.run({ image }), 'pixel_values')
	expect(found.dims).toEqual([1, 3, 20, 20])
	const bytes = bytesOfPixelValues(float32([1, 3, 20, 20], found.data as Float32Array), statistics).data
	// Pillow rounds to bytes between its two passes, the graph after both.
	const differences = Array.from(expected.pixels, (value, index) =>
		Math.abs(Math.round(value * 255) - at(bytes, index)),
	)
	expect(Math.max(...differences)).toBeLessThanOrEqual(2)
	expect(differences.filter((difference) => difference > 0).length / differences.length).toBeLessThan(0.3)

	const behind = await InferenceSession.create(toBinary(ModelProtoSchema, withPreparationInside(await model(), own)))
	const twice = entry(await behind.run({ image }), 'twice').data as Float32Array
	expect(at(twice, 77)).toBeCloseTo(2 * at(found.data as Float32Array, 77), 5)
})

it.each([
	['resamples by lanczos', { resample: 1 }],
	['crops more than resizing leaves', { crop_size: 30 }],
	['leaves the size open', { do_center_crop: false }],
	['crops more than resizing leaves', { do_resize: false }],
])('refuses a config that %s', async (reason, overrides) => {
	const message = await model()
	expect(() => withPreparationInside(message, config(overrides))).toThrow(reason)
})
