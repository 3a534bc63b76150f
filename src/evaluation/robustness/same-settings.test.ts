import { expect, it } from 'vitest'
import { sameSettings } from './same-settings.js'

const settings = {
	seed: 1,
	model: { source: 'nano', sha256: 'a' },
	dataset: { name: 'photos', notices: [], ids: 'b' },
}

it.each([
	['where the model lies', { ...settings, model: { source: '/else/where', revision: 'c', sha256: 'a' } }, true],
	['what was said of the data', { ...settings, dataset: { ...settings.dataset, notices: ['split here'] } }, true],
	['other weights', { ...settings, model: { source: 'nano', sha256: 'b' } }, false],
	['other images', { ...settings, dataset: { ...settings.dataset, ids: 'c' } }, false],
	['another seed', { ...settings, seed: 2 }, false],
	['nothing', undefined, false],
])('tells what decides from what does not: %s', (_, other, same) => {
	expect(sameSettings(settings, other)).toBe(same)
	expect(sameSettings(other, settings)).toBe(same)
})
