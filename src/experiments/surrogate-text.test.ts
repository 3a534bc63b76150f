import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { resolvedSurrogate, surrogatesOf, writtenSurrogate } from './surrogate-text.js'

describe('a surrogate as it is written', () => {
	it('is a file, with what is known of it, for all data sets or one', () => {
		expect(writtenSurrogate('a/b.onnx')).toEqual({ path: 'a/b.onnx', declared: {} })
		expect(writtenSurrogate('caltech101=r50.onnx?normalisation=imagenet&size=224&output-name=out')).toEqual({
			dataset: 'caltech101',
			path: 'r50.onnx',
			declared: { input: { normalisation: 'imagenet', size: [224, 224] }, output: 'out' },
		})
		expect(
			writtenSurrogate('x.onnx?size=224x192&mean=1,2,3&std=4,5,6&range=0..255&channel-order=bgr').declared,
		).toEqual({
			input: {
				range: '0..255',
				normalisation: { mean: [1, 2, 3], std: [4, 5, 6] },
				channelOrder: 'bgr',
				size: [224, 192],
			},
		})
		expect(writtenSurrogate('runs/seed=1/b.onnx')).toEqual({ path: 'runs/seed=1/b.onnx', declared: {} })
	})

	it('means the same file elsewhere', () => {
		expect(resolvedSurrogate('dtd=b.onnx?range=0..1')).toBe(`dtd=${resolve('b.onnx')}?range=0..1`)
	})

	it('is taken for its data set before those for all', () => {
		const all = ['a.onnx', 'dtd=b.onnx', 'dtd=c.onnx', 'eurosat=d.onnx']
		expect(surrogatesOf(all, 'dtd')).toEqual(['dtd=b.onnx', 'dtd=c.onnx'])
		expect(surrogatesOf(all, 'ucf101')).toEqual(['a.onnx'])
		expect(surrogatesOf(['dtd=b.onnx'], 'ucf101')).toEqual([])
	})

	it.each([
		['r.onnx?normalization=imagenet', 'Did you mean normalisation?'],
		['r.onnx?normalisation=imagnet', 'normalisation: '],
		['r.onnx?mean=0,0,0', 'only one of mean and std'],
		['r.onnx?mean=a,b&std=1,1', 'numbers separated by commas'],
		['r.onnx?size=big', 'HEIGHTxWIDTH'],
		['dtd=?range=0..1', 'names no surrogate file'],
	])('is refused: %s', (text, message) => {
		expect(() => writtenSurrogate(text)).toThrow(message)
	})
})
