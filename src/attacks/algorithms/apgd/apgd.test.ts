import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AttackBatch } from '../../../classifier/attack-batch.js'
import type { Classifier } from '../../../classifier/classifier.js'
import { counted } from '../../../classifier/counted.test.support.js'
import { createGraphClassifier } from '../../../classifier/graph-classifier.js'
import { imageShape, networkGraph, pixelCount, randomBatch } from '../../../classifier/graphs.test.support.js'
import { predictions } from '../../../classifier/predictions.js'
import { defined } from '../../../core/defined.js'
import { NaptuneError } from '../../../core/errors.js'
import { range, takeRows } from '../../../core/rows.js'
import type { Tensor } from '../../../core/tensor.js'
import { float32, ops, type Value } from '../../../onnx/index.js'
import { createEngine, type Engine } from '../../../runtime/index.js'
import { prepareAttack } from '../../registry.js'
import { attackBatch } from '../../run/attack-batch.js'
import { rowsOf } from '../../run/attack-round.js'
import { imageStreams } from '../../run/image-streams.js'
import { perturbationSizes } from '../../sets/check-perturbation.js'
import type { Norm, ThreatModel } from '../../sets/threat-model.js'
import { pgd } from '../pgd/pgd.js'
import { apgd, apgdRounds } from './apgd.js'
import { type ApgdOptions, apgdSchema } from './apgd-options.js'

const streams = imageStreams(1)
const threats: readonly ThreatModel[] = [
	{ norm: 'linf', epsilon: 0.02 },
	{ norm: 'l2', epsilon: 0.1 },
]
const losses = ['ce', 'dlr', 'dlr-targeted', 'margin', 'margin-targeted'] as const
const bytes = ({ data }: Tensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')
const names = (classes: number) => range(0, classes).map((index) => `class ${index}`)

let engine: Engine
/** Networks of 2, 3 and 8 classes. */
const networks = new Map<number, Classifier>()
/** 30 images with the predictions of the network of 8 classes as labels. */
let batch: AttackBatch
const make = (classes: number, build: (pixels: Value) => Record<string, Value>) =>
	createGraphClassifier({ engine, classNames: names(classes), imageShape, build })
const predict = async (classifier: Classifier, images: Tensor<'float32'>) =>
	predictions((await classifier.evaluate(images, ['logits'])).logits!, [])
const labelled = async (classifier: Classifier, count: number): Promise<AttackBatch> => {
	const random = randomBatch(range(0, count).map(() => 0))
	return { ...random, labels: await predict(classifier, random.images) }
}

beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	for (const classes of [2, 3, 8]) networks.set(classes, await make(classes, networkGraph(classes)))
	batch = await labelled(networks.get(8)!, 30)
})
afterAll(() => engine.close())

describe.each(threats)('APGD in $norm', (threat) => {
	const attack = (options: ApgdOptions, given = batch, classifier = networks.get(8)!) =>
		attackBatch(apgd.prepare(options), classifier, given, threat, streams)
	const fooledBy = async (images: Tensor<'float32'>) => {
		const predicted = await predict(networks.get(8)!, images)
		return range(0, 30).filter((row) => predicted[row] !== batch.labels[row])
	}

	it.each(losses)('on %s fools images within the threat model, and leaves the others as they are', async (loss) => {
		const images = await attack({ loss, steps: 12 })
		const fooled = await fooledBy(images)
		expect(fooled.length).toBeGreaterThan(8)
		expect(fooled.length).toBeLessThan(30)
		const sizes = perturbationSizes(batch.images, images, threat.norm)
		for (const row of range(0, 30)) {
			if (fooled.includes(row)) expect(sizes[row]).toBeLessThanOrEqual(threat.epsilon)
			else expect(sizes[row]).toBe(0)
		}
		expect(images.data.every((pixel) => pixel >= 0 && pixel <= 1)).toBe(true)
	})

	it.each(losses)('on %s does the same whatever the order and the batch', async (loss) => {
		const options = { loss, steps: 7, restarts: 2, ...defined({ targets: loss.endsWith('targeted') ? 3 : undefined }) }
		const whole = await attack(options)
		for (const rows of [[3], [29, 0], range(0, 30).reverse()]) {
			expect(bytes(await attack(options, rowsOf(batch, rows)))).toBe(bytes(takeRows(whole, rows)))
		}
	})

	it('draws from the seed and the image, and leaves what it is given alone', async () => {
		const before = batch.images.data.slice()
		const run = (seed: number) =>
			attackBatch(apgd.prepare({ steps: 3 }), networks.get(8)!, batch, threat, imageStreams(seed))
		const [one, again, other] = [await run(1), await run(1), await run(2)]
		expect(bytes(again)).toBe(bytes(one))
		expect(bytes(other)).not.toBe(bytes(one))
		expect(batch.images.data).toEqual(before)
	})

	it('goes on with restarts, each from another start, where the ones before fooled nobody', async () => {
		const [one, four] = [await attack({ steps: 2 }), await attack({ steps: 2, restarts: 4 })]
		const fooled = await fooledBy(one)
		expect(await fooledBy(four)).toEqual(expect.arrayContaining(fooled))
		expect(bytes(takeRows(four, fooled))).toBe(bytes(takeRows(one, fooled)))
		const rounds = prepareAttack('apgd-ce', { steps: 2, restarts: 2 }).rounds(8)
		const runs = await Promise.all(
			rounds.map((round) => round.run(networks.get(8)!, rowsOf(batch, fooled), threat, streams)),
		)
		expect(bytes(runs[0]!)).not.toBe(bytes(runs[1]!))
	})

	it('tries further targets only on images that none before has fooled', async () => {
		const [classifier, options] = [networks.get(8)!, { loss: 'dlr-targeted', steps: 12 } as const]
		const { classifier: counting, calls } = counted(classifier)
		const three = await fooledBy(await attack({ ...options, targets: 3 }, batch, counting))
		const open = [30]
		for (const targets of [1, 2]) {
			const fooled = await fooledBy(await attack({ ...options, targets }))
			expect(three).toEqual(expect.arrayContaining(fooled))
			open.push(30 - fooled.length)
		}
		expect(open[2]).toBeLessThan(25)
		// Ranks, 13 gradients and the look at the candidates, after a look at the clean images.
		expect(calls.images).toBe(30 + (1 + 13 + 1) * (open[0]! + open[1]! + open[2]!))
	})

	it('fools at least as many images as PGD of as many gradients', async () => {
		const byPgd = await fooledBy(
			await attackBatch(pgd.prepare({ steps: 26 }), networks.get(8)!, batch, threat, streams),
		)
		expect((await fooledBy(await attack({ steps: 25 }))).length).toBeGreaterThanOrEqual(byPgd.length)
	})

	it('gives back the clean images for epsilon 0, as a copy, also round by round', async () => {
		const none = { ...threat, epsilon: 0 }
		const images = await attackBatch(
			apgd.prepare({ loss: 'dlr-targeted', steps: 3 }),
			networks.get(8)!,
			batch,
			none,
			streams,
		)
		expect(images.data).toEqual(batch.images.data)
		expect(images.data).not.toBe(batch.images.data)
		for (const round of prepareAttack('apgd-t', { steps: 3 }).rounds(8)) {
			expect((await round.run(networks.get(8)!, batch, none, streams)).data).toEqual(batch.images.data)
		}
	})

	it('stays in the box from images of zeros and of ones', async () => {
		const images = float32([2, ...imageShape], new Float32Array(2 * pixelCount).fill(1, pixelCount))
		const given = { images, labels: await predict(networks.get(8)!, images), ids: ['zeros', 'ones'] }
		const wide = { ...threat, epsilon: 1 }
		for (const loss of losses) {
			const adversarial = await attackBatch(apgd.prepare({ loss, steps: 10 }), networks.get(8)!, given, wide, streams)
			expect(adversarial.data.every((pixel) => pixel >= 0 && pixel <= 1)).toBe(true)
			expect(await predict(networks.get(8)!, adversarial)).not.toEqual(given.labels)
		}
	})

	it('leaves images alone that are wrong already, without a gradient', async () => {
		const wrong = { ...batch, labels: batch.labels.map((label) => (label + 1) % 8) }
		const { classifier, calls } = counted(networks.get(8)!)
		const images = await attack({ loss: 'dlr-targeted', steps: 3 }, wrong, classifier)
		expect(images.data).toEqual(batch.images.data)
		expect(calls).toEqual({ evaluations: 1, gradients: 0, images: 30 })
	})

	it('returns clean images of a classifier that is constant, whose logits all tie', async () => {
		const flat = await make(8, (pixels) => ({
			logits: ops.mul(ops.slice(ops.reshape(pixels, [-1, pixelCount]), 1, 0, 8), 0),
		}))
		const given = { ...batch, labels: batch.labels.map(() => 0) }
		for (const loss of losses) {
			expect((await attack({ loss, steps: 4 }, given, flat)).data).toEqual(batch.images.data)
		}
		await flat.release()
	})
})

describe('APGD with few classes', () => {
	const threat = { norm: 'linf', epsilon: 0.05 } as const
	const stages = (name: string, classes: number) => [
		...new Set(
			prepareAttack(name)
				.rounds(classes)
				.map(({ stage }) => stage),
		),
	]

	it.each([
		[2, ['ce', 'margin', 'dlr-targeted', 'margin-targeted']],
		[3, ['ce', 'dlr', 'margin', 'dlr-targeted', 'margin-targeted']],
		[8, losses],
	] as const)('attacks %d of them', async (classes, usable) => {
		const classifier = networks.get(classes)!
		const given = await labelled(classifier, 20)
		for (const loss of usable) {
			const images = await attackBatch(apgd.prepare({ loss, steps: 10 }), classifier, given, threat, streams)
			const predicted = await predict(classifier, images)
			expect(predicted.filter((label, row) => label !== given.labels[row]).length).toBeGreaterThan(8)
		}
	})

	it('takes as many targets as there are other classes, nine at most', () => {
		const counts = [2, 3, 4, 8, 10, 100].map((classes) => prepareAttack('apgd-t').rounds(classes).length)
		expect(counts).toEqual([1, 2, 3, 7, 9, 9])
		expect(prepareAttack('apgd-t', { targets: 20 }).rounds(100)).toHaveLength(20)
	})

	it('says where the targeted margin stands in for DLR', async () => {
		expect(stages('apgd-t', 4)).toEqual(['apgd-t'])
		expect(stages('apgd-t', 3)).toEqual(['apgd-t (margin)'])
		expect(stages('apgd-t', 2)).toEqual(['apgd-t (margin)'])
		const given = await labelled(networks.get(3)!, 10)
		const run = (loss: 'dlr-targeted' | 'margin-targeted') =>
			attackBatch(apgd.prepare({ loss, steps: 4 }), networks.get(3)!, given, threat, streams)
		expect(bytes(await run('dlr-targeted'))).toBe(bytes(await run('margin-targeted')))
	})

	it('refuses what has no meaning', async () => {
		expect(() => prepareAttack('apgd-dlr').rounds(2)).toThrow(NaptuneError)
		expect(() => prepareAttack('apgd-dlr').rounds(2)).toThrow(/at least 3 classes; the classifier has 2.*apgd-margin/)
		expect(() => prepareAttack('apgd-t').rounds(1)).toThrow(/at least 2 classes/)
		const given = await labelled(networks.get(2)!, 3)
		await expect(attackBatch(apgd.prepare({ loss: 'dlr' }), networks.get(2)!, given, threat, streams)).rejects.toThrow(
			/at least 3 classes/,
		)
	})
})

describe('rounds of APGD', () => {
	it('are restarts of targets, each named, with what they cost', async () => {
		const rounds = apgdRounds(apgdSchema.parse({ loss: 'dlr-targeted', targets: 2, restarts: 2, steps: 5 }), 8)
		expect(rounds.map(({ name }) => name)).toEqual([
			'apgd-t target 1 restart 0',
			'apgd-t target 1 restart 1',
			'apgd-t target 2 restart 0',
			'apgd-t target 2 restart 1',
		])
		const untargeted = apgdRounds(apgdSchema.parse({ loss: 'ce', steps: 5 }), 8)
		for (const round of [...rounds, ...untargeted]) {
			const { classifier, calls } = counted(networks.get(8)!)
			await round.run(classifier, batch, { norm: 'linf', epsilon: 0.01 }, streams)
			const { evaluations, gradients } = round.cost
			expect(calls).toEqual({ evaluations, gradients, images: 30 * (evaluations + gradients) })
		}
		expect(untargeted[0]!.cost).toEqual({ evaluations: 0, gradients: 6 })
	})

	it('reach the target of their rank more often than another', async () => {
		const threat = { norm: 'linf', epsilon: 0.1 } as const
		const { logits } = await networks.get(8)!.evaluate(batch.images, ['logits'])
		const ranked = range(0, 30).map((row) => {
			const own = [...logits!.data.subarray(row * 8, (row + 1) * 8)]
			return range(0, 8).sort((a, b) => own[b]! - own[a]!)
		})
		for (const [at, round] of apgdRounds(apgdSchema.parse({ loss: 'margin-targeted', targets: 3 }), 8).entries()) {
			const predicted = await predict(networks.get(8)!, await round.run(networks.get(8)!, batch, threat, streams))
			expect(predicted.filter((label, row) => label === ranked[row]![at + 1]).length).toBeGreaterThan(15)
		}
	})

	it('start from the clean image when asked, without randomness', async () => {
		const run = (seed: number, norm: Norm) =>
			attackBatch(
				apgd.prepare({ steps: 4, start: 'zero' }),
				networks.get(8)!,
				batch,
				{ norm, epsilon: 0.03 },
				imageStreams(seed),
			)
		for (const norm of ['linf', 'l2'] as const) expect(bytes(await run(1, norm))).toBe(bytes(await run(2, norm)))
	})
})

describe('APGD on a model that overflows', () => {
	it('names the images whose logits or gradient are not numbers', async () => {
		// The logarithm of a black image has no gradient.
		const broken = await make(5, (pixels) => ({
			logits: ops.log(ops.reduceMean(ops.reshape(pixels, [-1, 5, 12]), [2], false)),
		}))
		const images = { ...batch.images, data: batch.images.data.slice() }
		images.data.fill(0, 7 * pixelCount, 8 * pixelCount)
		const given = { ...batch, images, labels: batch.labels.map(() => 0) }
		const round = apgdRounds(apgdSchema.parse({ start: 'zero', steps: 3 }), 5)[0]!
		const result = round.run(broken, given, { norm: 'linf', epsilon: 0.01 }, streams)
		await expect(result).rejects.toThrow(NaptuneError)
		await expect(result).rejects.toThrow(/not finite for image image 7 \(of apgd-ce restart 0 after 0 of 3 steps\)/)
		const nan = await make(5, (pixels) => ({
			logits: ops.sqrt(ops.sub(ops.reduceMean(ops.reshape(pixels, [-1, 5, 12]), [2], false), 0.1)),
		}))
		for (const loss of ['ce', 'dlr-targeted'] as const) {
			const attacked = attackBatch(apgd.prepare({ loss, steps: 3 }), nan, given, { norm: 'l2', epsilon: 0.01 }, streams)
			await expect(attacked).rejects.toThrow(/not numbers \(NaN\) for image image 7/)
		}
		await Promise.all([broken.release(), nan.release()])
	})
})

describe('options of APGD', () => {
	it('are those of AutoAttack by default', () => {
		const common = { steps: 100, restarts: 1, start: 'uniform', eotSamples: 1 }
		expect(apgdSchema.parse({})).toEqual({ loss: 'ce', ...common })
		expect(prepareAttack('apgd-dlr').options).toEqual({ loss: 'dlr', ...common })
		expect(prepareAttack('apgd-t').options).toEqual({ loss: 'dlr-targeted', targets: 9, ...common })
		expect(prepareAttack('apgd-t')).toMatchObject({
			reads: { model: 'gradient', draws: 1 },
			targeted: false,
			skipsWrong: true,
		})
	})

	it.each<[string, ApgdOptions, RegExp]>([
		['an unknown loss', { loss: 'kl' as 'ce' }, /loss/],
		['no steps', { steps: 0 }, /steps/],
		['targets without a targeted loss', { loss: 'dlr', targets: 3 }, /targets needs the loss/],
		['restarts that would all be the same', { start: 'zero', restarts: 2 }, /restarts/],
		['no samples', { eotSamples: 0 }, /eotSamples/],
		['an unknown option', { stepSize: 1 } as ApgdOptions, /stepSize.*known keys: loss/],
	])('refuse %s', (_, options, message) => {
		expect(() => apgd.prepare(options)).toThrow(NaptuneError)
		expect(() => apgd.prepare(options)).toThrow(message)
	})
})
