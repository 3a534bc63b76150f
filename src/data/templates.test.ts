import { describe, expect, it } from 'vitest'
import { classPrompts } from '../vlm/class-prompts.js'
import { zeroShotTemplates } from './templates.js'

describe('classPrompts', () => {
	it('fills in the names, underscores as spaces', () => {
		expect(classPrompts(['american_bulldog', 'Abyssinian'], zeroShotTemplates['oxford-pets'])).toEqual({
			prompts: ['a photo of a american bulldog, a type of pet.', 'a photo of a Abyssinian, a type of pet.'],
			duplicates: [],
		})
		expect(classPrompts(['$& $1 {}']).prompts).toEqual(['a photo of a $& $1 {}.'])
	})

	it('flags names that read the same', () => {
		const names = ['missile', 'sea_snake', 'sunglasses', 'missile', 'sea snake']
		expect(classPrompts(names).duplicates).toEqual([
			[0, 3],
			[1, 4],
		])
	})

	it('refuses a template without a place and an empty name', () => {
		expect(() => classPrompts(['cat'], 'a photo of a cat.')).toThrow(/no \{\} for the class name/)
		expect(() => classPrompts(['cat', '_'])).toThrow(/Class 1 has the empty name "_"/)
	})

	it('has a template with one place for each of the eleven data sets, ImageNet of one test image per class, and CIFAR-10', () => {
		const templates = Object.values(zeroShotTemplates)
		expect(templates).toHaveLength(14)
		for (const template of templates) expect(template.split('{}')).toHaveLength(2)
	})
})
