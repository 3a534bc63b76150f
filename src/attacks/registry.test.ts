import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Classifier } from '../classifier/classifier.js'
import { createGraphClassifier } from '../classifier/graph-classifier.js'
import { imageShape, networkGraph, randomBatch } from '../classifier/graphs.test.support.js'
import { crossEntropyObjective } from '../classifier/objectives/objective.js'
import { NaptuneError } from '../core/errors.js'
import { createEngine, type Engine } from '../runtime/index.js'
import { pgd } from './algorithms/pgd/pgd.js'
import { attackNamed, attackNames, attacks, prepareAttack } from './registry.js'
import { attackBatch } from './run/attack-batch.js'
import { imageStreams } from './run/image-streams.js'

describe('the registry', () => {
	it('prepares every name that it lists, each once', () => {
		const names = attackNames().map(({ name }) => name)
		expect(new Set(names).size).toBe(names.length)
		expect(names).toEqual(expect.arrayContaining([...attacks.keys(), 'pgd-100', 'pgd-5']))
		for (const name of names) {
			const { attack, doc, source, options } = prepareAttack(name)
			expect(attacks.get(attack)?.source).toBe(source)
			expect(doc).not.toBe('')
			expect(JSON.parse(JSON.stringify(options))).toEqual(options)
		}
	})

	it('has the constants of evaluation and training', () => {
		const constants = {
			steps: 100,
			relativeStepSize: 0.25,
			start: 'uniform',
			restarts: 1,
			keep: 'last',
			targeted: false,
		}
		const objective = 'cross-entropy'
		expect(prepareAttack('pgd-100').options).toEqual({ ...constants, objective })
		expect(prepareAttack('pgd').options).toEqual({ ...constants, objective })
		const training = { ...constants, steps: 5, relativeStepSize: 0.3, start: 'zero' }
		expect(prepareAttack('pgd-5').options).toEqual({ ...training, objective })
	})

	it('lets options differ, in either way of giving a step', () => {
		expect(prepareAttack('pgd-100', { steps: 7, targeted: true })).toMatchObject({
			name: 'pgd-100',
			attack: 'pgd',
			targeted: true,
			options: { steps: 7, objective: 'targeted-cross-entropy' },
		})
		const { options } = prepareAttack('pgd-5', { stepSize: 0.01 })
		expect([options.stepSize, options.relativeStepSize]).toEqual([0.01, undefined])
		expect(prepareAttack('pgd', { objective: crossEntropyObjective }).options.objective).toBe('cross-entropy')
	})

	it('takes typed options of a definition, with a preset or without', () => {
		expect(pgd.prepare({ steps: 7 }).options).toEqual(prepareAttack('pgd', { steps: 7 }).options)
		expect(pgd.prepare({ restarts: 2 }, 'pgd-20')).toMatchObject({
			name: 'pgd-20',
			attack: 'pgd',
			options: { steps: 20 },
		})
		expect(attackNamed('pgd-20')).toEqual({ definition: pgd, preset: 'pgd-20' })
		expect(attackNamed('pgd')).toEqual({ definition: pgd })
		expect(() => pgd.prepare({}, 'pgd-200')).toThrow(/no preset pgd-200; it has pgd-100, .* Did you mean pgd-100/)
	})

	it('says what attacks read and cost without a look at their options', () => {
		const facts = (name: string, options = {}) => {
			const { reads, cost } = prepareAttack(name, options)
			return { ...reads, cost: cost(10) }
		}
		const white = { model: 'gradient', labels: true, predictions: false, draws: 1 }
		expect(facts('pgd-20')).toEqual({ ...white, cost: { evaluations: 0, gradients: 20 } })
		expect(facts('pgd-20', { restarts: 3, eotSamples: 2 })).toEqual({
			...white,
			predictions: true,
			draws: 2,
			cost: { evaluations: 0, gradients: 3 * 21 * 2 },
		})
		expect(facts('feature-pgd')).toMatchObject({ labels: false, cost: { evaluations: 1, gradients: 100 } })
		expect(facts('autoattack')).toMatchObject({
			predictions: true,
			cost: { evaluations: 9 + 9 * 101 + 5001, gradients: 101 + 9 * 101 + 9 * 100 },
		})
		expect(facts('autoattack-rand').draws).toBe(20)
		// While surrogates are not given, what one would take.
		expect(facts('mi-cwa')).toMatchObject({ model: 'nothing', cost: { evaluations: 10, gradients: 20 } })
		expect(prepareAttack('pgd-margin').objective).toBe('margin')
		expect(prepareAttack('apgd-ce').objective).toBeUndefined()
	})

	it('refuses unknown names and options, saying what there is', () => {
		expect(() => prepareAttack('pdg-100')).toThrow(/Did you mean pgd-100/)
		expect(() => prepareAttack('toString')).toThrow(/Unknown attack toString; choose one of pgd, pgd-100/)
		expect(() => prepareAttack('pgd-100', { steps: -1, colour: 'red' })).toThrow(NaptuneError)
		expect(() => prepareAttack('pgd-100', { steps: -1, colour: 'red' })).toThrow(
			/colour[\s\S]*steps|steps[\s\S]*colour/,
		)
	})
})

describe('a prepared attack', () => {
	let engine: Engine
	let classifier: Classifier
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
		classifier = await createGraphClassifier({
			engine,
			classNames: ['a', 'b', 'c'],
			imageShape,
			build: networkGraph(3),
		})
	})
	afterAll(() => engine.close())

	it('does what its function does with its options', async () => {
		const batch = randomBatch([0, 1, 2])
		const threat = { norm: 'l2', epsilon: 0.2 } as const
		const streams = imageStreams(5)
		const attack = prepareAttack('pgd-20', { restarts: 2 })
		const prepared = await attackBatch(attack, classifier, batch, threat, streams)
		const options = { steps: 20, relativeStepSize: 0.25, start: 'uniform', restarts: 2 } as const
		expect(prepared.data).toEqual((await attackBatch(pgd.prepare(options), classifier, batch, threat, streams)).data)
		expect(prepared.data).not.toEqual(batch.images.data)
	})
})
