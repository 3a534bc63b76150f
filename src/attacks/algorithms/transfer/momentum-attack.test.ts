import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entry, present } from '../../../core/at.js'
import { range } from '../../../core/rows.js'
import { readSafetensorsTensors } from '../../../files/safetensors.js'
import { createEngine, type Engine } from '../../../runtime/index.js'
import { prepareAttack } from '../../registry.js'
import { attackBatch } from '../../run/attack-batch.js'
import { type ImageStreams, imageStreams } from '../../run/image-streams.js'
import { diverseInput, drawDiverseInput } from '../di-fgsm/diverse-input.js'
import { exactEnsembleGradient } from './ensemble-gradient.js'
import {
	replay,
	shareEqual,
	type TransferGolden,
	transferGolden,
	transferPixels,
	transferThreat,
} from './transfer.test.support.js'

const path = fileURLToPath(new URL('../../../../fixtures/transfer-golden/momentum.safetensors', import.meta.url))
const plane = [6, 5] as const
const settings = { probability: 0.75, rate: 1.7 }

let engine: Engine
let golden: TransferGolden
let values: (name: string) => Float32Array | Float64Array
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	golden = await transferGolden(engine)
	const tensors = await readSafetensorsTensors(path)
	values = (name) => {
		const { dtype, data } = entry(tensors, name)
		return dtype === 'F64' ? new Float64Array(data.buffer) : new Float32Array(data.buffer)
	}
})
afterAll(() => engine.close())

/** Gives image R the fixture's numbers, block by block. */
function replayed(name: string, blocks: number, perImage: number): ImageStreams {
	return (id) => {
		const row = golden.batch.ids.indexOf(id)
		const numbers = function* () {
			for (const block of range(0, blocks)) {
				const start = (block * 5 + row) * perImage
				yield* values(name).subarray(start, start + perImage)
			}
		}
		return replay({ uniform: numbers() })
	}
}

const cases = [
	['mi-fgsm', 'mi_fgsm', {}, () => imageStreams(1)],
	['vmi-fgsm', 'vmi_fgsm', { neighbours: 4 }, () => replayed('near', 12, 90)],
	['di-fgsm', 'di_fgsm', settings, () => replayed('draws', 3, 4)],
] as const

describe.each(cases)('%s', (name, tensor, options, streams) => {
	it('makes the images of PyTorch after every step', async () => {
		const third = 1 / 3
		for (const steps of [1, 2, 3]) {
			// VMI-FGSM looks at no neighbours after its last step, so a shorter run replays a prefix of the numbers.
			const attack = prepareAttack(name, {
				surrogates: [...golden.surrogates],
				steps,
				relativeStepSize: third,
				...options,
			})
			const { classifier } = present(golden.surrogates[0], 'surrogate')
			const { data } = await attackBatch(attack, classifier, golden.batch, transferThreat, streams())
			const expected = values(tensor).subarray((steps - 1) * transferPixels, steps * transferPixels)
			expect(shareEqual(data, expected), `${steps} steps`).toBe(1)
		}
	})

	it('says what it costs, and refuses to start without surrogates', async () => {
		const attack = prepareAttack(name)
		expect(attack.cost(4)).toEqual(
			name === 'vmi-fgsm' ? { evaluations: 190, gradients: 190 } : { evaluations: 10, gradients: 10 },
		)
		const { classifier } = present(golden.surrogates[0], 'surrogate')
		await expect(attackBatch(attack, classifier, golden.batch, transferThreat, imageStreams(1))).rejects.toMatchObject({
			code: 'NAP_OPTION_MISSING',
		})
	})
})

describe('the gradient of an ensemble', () => {
	it('has the length that PyTorch finds', async () => {
		const found = await exactEnsembleGradient(golden.surrogates, golden.batch.images, golden.batch, 'mean', 'here')
		const expected = values('exact')
		const error = found.map((value, index) => Math.abs(value - present(expected[index], 'value')))
		expect(Math.max(...error)).toBeLessThan(1e-6)
	})
})

describe('a diverse input', () => {
	it('is what interpolation and padding of PyTorch give', () => {
		const made = range(0, 5).flatMap((row) => {
			const stream = replay({
				uniform: values('draws')
					.subarray(row * 4, row * 4 + 4)
					.values(),
			})
			const draw = drawDiverseInput(stream, plane, settings)
			const image = golden.batch.images.data.subarray(row * 90, row * 90 + 90)
			return [...(draw ? diverseInput(image, plane, draw) : image)]
		})
		expect(shareEqual(made, values('diverse'))).toBe(1)
		expect(shareEqual(made, golden.batch.images.data)).toBeLessThan(0.9)
	})

	it('carries gradients back by its transpose', () => {
		const draw = { height: 7, width: 6, top: 1, left: 1, paddedHeight: 10, paddedWidth: 8 }
		const [x, y] = ['near', 'near'].map((name, part) => values(name).subarray(part * 90, part * 90 + 90))
		const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
			range(0, 90).reduce((sum, at) => sum + present(a[at], 'a') * present(b[at], 'b'), 0)
		const [first, second] = [present(x, 'x'), present(y, 'y')]
		expect(dot(diverseInput(first, plane, draw), second)).toBeCloseTo(
			dot(first, diverseInput(second, plane, draw, true)),
			10,
		)
	})

	it('leaves an image alone where the rate has no room', () => {
		const stream = replay({ uniform: [0, 0.5, 0.5, 0.5].values() })
		expect(drawDiverseInput(stream, [6, 5], { probability: 1, rate: 1.1 })).toBeUndefined()
	})
})
