import { describe, expect, it } from 'vitest'
import { parsePreprocessorConfig } from './preprocessor-config.js'

describe('parsePreprocessorConfig', () => {
	it('has the defaults of CLIPImageProcessor', () => {
		expect(parsePreprocessorConfig({})).toEqual({
			doConvertRgb: true,
			doResize: true,
			resize: { kind: 'shortest-edge', shortestEdge: 224 },
			resample: 'bicubic',
			doCenterCrop: true,
			crop: { height: 224, width: 224 },
			doRescale: true,
			rescaleFactor: 1 / 255,
			doNormalize: true,
			mean: [0.48145466, 0.4578275, 0.40821073],
			std: [0.26862954, 0.26130258, 0.27577711],
		})
	})

	it('takes every spelling of a size', () => {
		const { resize, crop } = parsePreprocessorConfig({ size: 336, crop_size: 336 })
		expect(resize).toEqual({ kind: 'shortest-edge', shortestEdge: 336 })
		expect(crop).toEqual({ height: 336, width: 336 })
		expect(parsePreprocessorConfig({ size: { shortest_edge: 32 } }).resize).toEqual({
			kind: 'shortest-edge',
			shortestEdge: 32,
		})
		expect(parsePreprocessorConfig({ size: { height: 32, width: 48 } }).resize).toEqual({
			kind: 'exact',
			height: 32,
			width: 48,
		})
	})

	it('takes pairs for height and width, and names of filters, as transformers does', () => {
		expect(parsePreprocessorConfig({ size: [30, 40], crop_size: [20, 10] })).toMatchObject({
			resize: { kind: 'exact', height: 30, width: 40 },
			crop: { height: 20, width: 10 },
		})
		for (const name of ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming']) {
			expect(parsePreprocessorConfig({ resample: name }).resample).toBe(name)
		}
		expect(parsePreprocessorConfig({ resample: 'BICUBIC' }).resample).toBe('bicubic')
		expect(parsePreprocessorConfig({ size: { shortest_edge: 30, longest_edge: 40 } }).resize).toEqual({
			kind: 'shortest-edge',
			shortestEdge: 30,
		})
	})

	it('reads the switches and the filter', () => {
		const off = {
			do_resize: false,
			do_center_crop: false,
			do_rescale: false,
			do_normalize: false,
			do_convert_rgb: false,
		}
		const config = parsePreprocessorConfig({ ...off, resample: 2, feature_extractor_type: 'CLIPFeatureExtractor' })
		expect(config).toMatchObject({
			doResize: false,
			doCenterCrop: false,
			doRescale: false,
			doNormalize: false,
			doConvertRgb: false,
			resample: 'bilinear',
		})
		expect(parsePreprocessorConfig({ do_convert_rgb: null }).doConvertRgb).toBe(true)
	})

	it.each<[unknown, RegExp]>([
		[null, /not a valid image preprocessor config/],
		[{ size: -1 }, /size/],
		[{ size: { longest_edge: 9 } }, /size/],
		[{ resample: 9 }, /resample/],
		[{ resample: 'cubic' }, /resample: .*expected 0 to 5, or one of nearest, lanczos, bilinear, bicubic, box, hamming/],
		[{ size: [30] }, /size: expected a number, \[height, width\], \{"shortest_edge"\} or \{"height", "width"\}/],
		[{ image_mean: [0.5] }, /image_mean/],
		[{ image_std: [1, 0, 1] }, /image_std is \[1,0,1\]/],
	])('refuses %j', (json, message) => {
		expect(() => parsePreprocessorConfig(json, 'p.json')).toThrow(message)
	})
})
