import { beforeAll, describe, expect, it } from 'vitest'
import { elementCount } from '../core/tensor.js'
import { parseClipConfig } from '../vlm/config.js'
import type { ClipModel } from '../vlm/model.js'
import type { Defense } from './defense.js'
import { anyTokenizer, doubleClip } from './golden.test.support.js'
import { defenses, prepareDefense } from './registry.js'

/** A linear map with its bias. */
const linear = (inputs: number, outputs: number) => inputs * outputs + outputs
/** Widths of ViT-B/16. */
const text = 512
const vision = 768
const refiner = (width: number) => linear(width, 2 * width) + linear(2 * width, width)

/** The image tower with its projection. */
const block = 4 * linear(vision, vision) + 4 * vision + linear(vision, 4 * vision) + linear(4 * vision, vision)
const imageTower = vision + 197 * vision + 768 * vision + 4 * vision + 12 * block + text * vision

/** What the references' settings come to, by hand. */
const counts: Readonly<Record<string, number>> = {
	vanilla: 0,
	coop: 16 * text,
	advpt: 32 * text,
	'advpt-e2e': 32 * text,
	'advpt-v': 9 * 2 * vision,
	'advpt-vli': 9 * 2 * (text + vision),
	'advpt-vlj': 9 * (2 * text + linear(text, vision)),
	fap: 2 * text + 8 * 2 * vision + linear(text, vision) + 8 * linear(vision, text),
	maple: 9 * (2 * text + linear(text, vision)),
	tecoa: imageTower,
	fare: imageTower,
	'adversarial-training': imageTower,
	trades: imageTower,
	mart: imageTower,
	cocoop: 4 * text + linear(512, 32) + linear(32, text),
	// Student and teacher.
	apd: 2 * 9 * 2 * (text + vision),
	nap: 12 * 16 * (text + vision) + 11 * (refiner(vision) + refiner(text)),
}

describe('the parameters for ViT-B/16', () => {
	let clip: ClipModel
	beforeAll(async () => {
		const config = parseClipConfig({ model_type: 'clip', text_config: {}, vision_config: { patch_size: 16 } })
		clip = doubleClip(config, await anyTokenizer())
	})
	const prepare = (name: string, options = {}) => prepareDefense(name, clip, ['cat', 'dog'], options)
	const count = ({ parameters }: Defense) =>
		[...parameters.values()].reduce((total, { shape }) => total + elementCount(shape), 0)

	it.each([...defenses.keys()])('of %s at its defaults are as many as by hand', (name) => {
		expect(count(prepare(name))).toBe(counts[name])
	})

	it('of NAP are 37,774,592, and 42,354,944 with joint coupling', () => {
		expect(count(prepare('nap'))).toBe(37_774_592)
		expect(count(prepare('nap', { coupling: 'joint' }))).toBe(42_354_944)
	})

	it('of NAP grow by one row per gate, and by one refiner per member', () => {
		const gates = 11 * (vision + 1 + text + 1)
		const members = 2 * 11 * (refiner(vision) + refiner(text))
		expect(count(prepare('nap', { refinerGate: 'token' }))).toBe(37_774_592 + gates)
		expect(count(prepare('nap', { refinerEnsemble: 3 }))).toBe(37_774_592 + members)
		expect(count(prepare('nap', { refinerEnsemble: 3, refinerGate: 'token' }))).toBe(37_774_592 + members + gates)
		expect(count(prepare('nap', { refinerNorm: 'preserve' }))).toBe(37_774_592)
	})

	it('have the shapes of their towers', () => {
		const shapes = (name: string) =>
			Object.fromEntries([...prepare(name).parameters].map(([key, { shape }]) => [key, shape]))
		expect(shapes('coop')).toEqual({ 'text.context.0': [16, text] })
		expect(shapes('advpt-v')['visual.context.8']).toEqual([2, vision])
		expect(shapes('advpt-vlj')).toMatchObject({
			'text.context.8': [2, text],
			'coupling.0.weight': [vision, text],
			'coupling.8.weight': [vision, text],
			'coupling.8.bias': [vision],
		})
		expect(shapes('fap')).toMatchObject({
			'text.context.0': [2, text],
			'visual.context.8': [2, vision],
			'coupling.0.weight': [vision, text],
			'coupling.0.bias': [vision],
			'coupling.8.weight': [text, vision],
			'coupling.8.bias': [text],
		})
		expect(Object.keys(shapes('fap'))).not.toContain('text.context.1')
		expect(Object.keys(shapes('fap'))).not.toContain('visual.context.0')
	})
})
