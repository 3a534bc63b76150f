import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NaptuneError } from '../../core/errors.js'
import { range } from '../../core/rows.js'
import type { Tensor } from '../../core/tensor.js'
import { type Dataset, subset } from '../../data/dataset.js'
import { fewShot } from '../../data/few-shot.js'
import { initialParameters } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { tinyClip, tinyDataset } from '../../methods/tuning/tiny.test.support.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { deployedClassifier } from '../deployed/deployed-classifier.js'
import { preparedImages } from '../robustness/evaluate.js'
import { assess, flagRates } from './assessment.js'
import { type CalibrateInput, calibrate, calibrationFile, calibrationImages } from './recorded-calibration.js'

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

/** 24 training and 24 test images; the test images also stand for validation. */
function data(): Dataset {
	const dataset = tinyDataset(undefined, { train: 8, test: 8 })
	return { ...dataset, validation: dataset.test }
}

/** A run of NAP in a new folder, and how often its images were scored. */
async function setting(
	options: Readonly<Record<string, unknown>> = {},
	dataset: () => Promise<Dataset> = async () => data(),
) {
	const directory = await temporaryFolder()
	const clip = await tinyClip(join(directory, 'model'))
	const defense = prepareDefense('nap', clip, tinyDataset().classNames, {
		textPrompts: 2,
		visualPrompts: 2,
		...options,
	})
	const notices: string[] = []
	const computed: number[] = []
	const input = async (parameters: Readonly<Record<string, Tensor<'float32'>>>): Promise<CalibrateInput> => ({
		run: { directory, clip, defense, parameters, dataset },
		classifier: await deployedClassifier(engine, clip, defense, parameters),
		onNotice: (notice) => notices.push(notice),
		onProgress: (done) => computed.push(done),
	})
	const own = await input(await initialParameters(defense, 1))
	return { directory, clip, defense, own, input, notices, computed, path: join(directory, calibrationFile) }
}

describe('calibrate', () => {
	it('keeps sorted scores of the validation images and reads them back', async () => {
		const { own, path, computed, notices } = await setting({ refinerEnsemble: 2 })
		const calibration = await calibrate(own)
		expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(calibration)
		expect(calibration.key).toMatchObject({ split: 'validation', images: 24 })
		const pixels = await preparedImages(own.run.clip, data().validation, range(0, 24))
		const taps = await own.classifier.evaluate(pixels, ['correction', 'disagreement'])
		const sorted = (name: string) => [...taps[name]!.data].sort((a, b) => a - b)
		expect(calibration.scores).toEqual({ correction: sorted('correction'), disagreement: sorted('disagreement') })
		// 25 places: none at 1 %, one at 5 %, two at 10 %, of which each time one is the image itself.
		expect(calibration.thresholds.map(({ correction }) => correction)).toEqual([
			null,
			sorted('correction')[23],
			sorted('correction')[22],
		])
		expect(computed).toEqual([24])
		expect(await calibrate(own)).toEqual(calibration)
		expect(computed).toEqual([24])
		expect(notices).toEqual([])
		await calibrate({ ...own, fresh: true })
		expect(computed).toEqual([24, 24])
	})

	it('flags as many validation images as it says', async () => {
		const { own } = await setting()
		const calibration = await calibrate(own)
		const pixels = await preparedImages(own.run.clip, data().validation, range(0, 24))
		const { correction } = await own.classifier.evaluate(pixels, ['correction'])
		for (const rate of [0.03, 0.05, 0.1, 0.3]) {
			const assessed = [...correction!.data].map((score) => assess(calibration, rate, { correction: score }))
			const { heavilyCorrected, images } = flagRates(calibration, rate)
			const flagged = assessed.filter((one) => one.heavilyCorrected).length
			expect(images).toBe(24)
			expect(heavilyCorrected.flaggedOfOwn).toBe(flagged)
			expect(flagged).toBe(Math.max(0, Math.floor(rate * 25) - 1))
		}
	})

	it('is computed again for other parameters and other images', async () => {
		let dataset = data()
		const { own, input, defense, computed } = await setting({}, async () => dataset)
		const first = await calibrate(own)
		const changed = await calibrate(await input(await initialParameters(defense, 2)))
		expect(changed.key.parameters).not.toBe(first.key.parameters)
		expect(changed.scores).not.toEqual(first.scores)
		expect(await calibrate(own)).toEqual(first)
		expect(computed).toEqual([24, 24, 24])
		dataset = { ...dataset, validation: subset(dataset.validation, range(0, 12)) }
		expect((await calibrate(own)).scores.correction).toHaveLength(12)
	})

	it('computes a damaged or touched-up file again, and says so', async () => {
		const { own, path, notices } = await setting()
		const whole = await calibrate(own)
		const { scores } = whole
		for (const damaged of [
			'{"format": 1',
			'{}',
			JSON.stringify({ ...whole, format: 2 }),
			JSON.stringify({ ...whole, scores: { correction: [...scores.correction].reverse() } }),
			JSON.stringify({ ...whole, scores: { correction: scores.correction.slice(1) } }),
			JSON.stringify({ ...whole, thresholds: whole.thresholds.map((one) => ({ ...one, correction: 0 })) }),
		]) {
			await writeFile(path, damaged)
			expect(await calibrate(own)).toEqual(whole)
			expect(notices.splice(0)).toEqual([expect.stringMatching(/calibration\.json is damaged/)])
			expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(whole)
		}
	})

	it('does without the data where the file fits the model', async () => {
		let gone = false
		const { own, input, defense, notices, path } = await setting({}, async () => {
			if (gone) throw new NaptuneError('NAP_INTERNAL', 'The data is gone.')
			return data()
		})
		const whole = await calibrate(own)
		gone = true
		expect(await calibrate(own)).toEqual(whole)
		expect(notices).toEqual([expect.stringContaining('The data is gone.')])
		await expect(calibrate({ ...own, fresh: true })).rejects.toThrow(/gone/)
		await expect(calibrate(await input(await initialParameters(defense, 2)))).rejects.toThrow(/gone/)
		await rm(path)
		await expect(calibrate(own)).rejects.toThrow(/gone/)
	})

	it('refuses a model without refiners', async () => {
		const { own } = await setting({ visualRefiner: false })
		await expect(calibrate(own)).rejects.toThrow(/changes no image tokens/)
	})
})

describe('calibrationImages', () => {
	const none = { ...data(), validation: subset(data().validation, []) }
	const dataset = async () => none

	it('takes training images that were not tuned on where there is no validation split', async () => {
		const { name, split } = await calibrationImages({ directory: 'run', dataset, fewShot: { shots: 5, seed: 7 } })
		expect(name).toBe('held-out training')
		const tunedOn = fewShot(none, 5, 7).train
		const ids = (part: { length: number; id(index: number): string }) =>
			range(0, part.length).map((index) => part.id(index))
		expect(ids(split)).toHaveLength(24 - 15)
		expect([...ids(split), ...ids(tunedOn)].sort()).toEqual(ids(none.train).sort())
	})

	it('says what is missing', async () => {
		for (const run of [{ fewShot: { shots: 8, seed: 1 } }, {}]) {
			await expect(calibrationImages({ directory: 'run', dataset, ...run })).rejects.toThrow(
				/no clean images .*Add a validation split/,
			)
		}
	})
})
