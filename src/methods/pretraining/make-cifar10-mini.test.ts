import { describe, expect, it } from 'vitest'
import { chooseByClass } from './make-cifar10-mini.js'

const labels = Uint8Array.from({ length: 400 }, (_, index) => (index * 7) % 10)

describe('chooseByClass', () => {
	it('takes the asked number per class, classes in label order, splits disjoint', () => {
		const [train, validation] = chooseByClass(labels, 'train', [5, 2]) as [number[], number[]]
		expect(train.map((index) => labels[index])).toEqual(Array.from({ length: 50 }, (_, at) => Math.floor(at / 5)))
		expect(validation.map((index) => labels[index])).toEqual(Array.from({ length: 20 }, (_, at) => Math.floor(at / 2)))
		expect(new Set([...train, ...validation]).size).toBe(70)
	})

	it('is the same every time, and another choice for another purpose', () => {
		expect(chooseByClass(labels, 'train', [5])).toEqual(chooseByClass(labels, 'train', [5]))
		expect(chooseByClass(labels, 'train', [5])).not.toEqual(chooseByClass(labels, 'test', [5]))
	})
})
