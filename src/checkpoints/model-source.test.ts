import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { absoluteSource, modelSource, parseModelSource } from './model-source.js'

describe('a model source', () => {
	it('is a place alone where nothing is said beside it', () => {
		expect(parseModelSource('openai/clip-vit-base-patch16')).toEqual({
			place: 'openai/clip-vit-base-patch16',
			settings: {},
		})
	})

	it.each([
		{ place: 'ViT-B-32.pt', settings: { architecture: 'ViT-B-32' } },
		{ place: '/models/base', settings: { 'vision-weights': '/models/a b&c=d?e.pt' } },
		{ place: '', settings: { 'image-encoder': 'a.onnx', 'text-encoder': 'C:/b.onnx', 'logit-scale': '50' } },
	])('comes apart as it was put together: $place', (source) => {
		expect(parseModelSource(modelSource(source))).toEqual(source)
	})

	it('has whole paths of files that exist, and names as they are', () => {
		const isName = (place: string) => place === 'nano'
		expect(absoluteSource('nano', isName)).toBe('nano')
		expect(absoluteSource('package.json?vision-weights=gone/x.pt&architecture=ViT-B-32', isName)).toBe(
			`${resolve('package.json')}?architecture=ViT-B-32&vision-weights=gone/x.pt`,
		)
		expect(absoluteSource('owner/name', isName)).toBe('owner/name')
		expect(absoluteSource('x.pt?architecture=own/tiny.json&text-weights=/a/b.pt', isName)).toBe(
			`x.pt?architecture=${resolve('own/tiny.json')}&text-weights=/a/b.pt`,
		)
	})

	it.each([
		['a?archtecture=b', /Did you mean architecture\?/],
		['a?architecture=', /gives architecture no value/],
		['a?architecture=b&architecture=c', /gives architecture twice/],
	])('refuses %s', (source, message) => {
		expect(() => parseModelSource(source)).toThrow(message)
	})
})
