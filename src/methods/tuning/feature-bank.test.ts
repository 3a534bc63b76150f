import { existsSync } from 'node:fs'
import { readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pgd } from '../../attacks/algorithms/pgd/pgd.js'
import { attackBatch } from '../../attacks/run/attack-batch.js'
import { imageStreams } from '../../attacks/run/image-streams.js'
import { threatModel } from '../../attacks/sets/threat-model.js'
import type { AttackBatch } from '../../classifier/attack-batch.js'
import { createGraphClassifier, type GraphClassifier } from '../../classifier/graph-classifier.js'
import { featureKl } from '../../classifier/objectives/divergence-objectives.js'
import { NaptuneError } from '../../core/errors.js'
import { range } from '../../core/rows.js'
import { float32, type Tensor } from '../../core/tensor.js'
import { fewShot } from '../../data/few-shot.js'
import { fixedParameters, initialParameters } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { checksumPath } from '../../files/checksum.js'
import { flipBit } from '../../files/flip-bit.test.helper.js'
import { relativeError } from '../../files/golden.test.support.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { ops } from '../../onnx/index.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { loadTensors, saveTensors } from '../../training/tensor-set.js'
import { type ClipModel, logScale } from '../../vlm/model.js'
import { prepareImage } from '../../vlm/prepare-image.js'
import { similarityLogits } from '../../vlm/similarity.js'
import { computeTextFeatures } from './text-side.js'
import { tinyClip, tinyDataset, tinyTuning } from './tiny.test.support.js'
import { type TuneInput, type TuningNotice, tune } from './tune.js'
import { compileTuningPrograms } from './tuning-programs.js'

describe('a bank of features', () => {
	let engine: ModelEngine
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
	})
	afterAll(() => engine.close())

	/** AdvPT in a new folder; three micro-batches of four images fill its bank. */
	async function inputs(attack: Readonly<Record<string, unknown>> = {}): Promise<TuneInput> {
		const folder = await temporaryFolder()
		const clip = await tinyClip(join(folder, 'model'))
		const defense = { name: 'advpt', options: { textPrompts: 2 } }
		// An augmentation that is asked for gives way: features are made once.
		const config = tinyTuning({ defense: { name: 'advpt' }, augmentation: 'crop-and-flip', attack })
		return {
			engine,
			clip,
			dataset: { ...tinyDataset(), name: 'oxford-pets' },
			// The options beside which it was merged are NAP's.
			config: { ...config, defense },
			output: join(folder, 'run'),
		}
	}
	const bankOf = ({ output }: TuneInput) => join(output, 'bank.safetensors')

	/** All training images as the model reads them, nothing drawn. */
	async function cleanBatch({ clip, dataset, config }: TuneInput): Promise<AttackBatch> {
		const { train } = fewShot(dataset, config.shots, config.seed)
		const { imageSize } = clip.config.vision
		const pixels = await Promise.all(
			range(0, train.length).map(async (index) => [...prepareImage(clip, await train.image(index))]),
		)
		return {
			images: float32([train.length, 3, imageSize, imageSize], Float32Array.from(pixels.flat())),
			labels: range(0, train.length).map((index) => train.label(index)),
			ids: range(0, train.length).map((index) => train.id(index)),
		}
	}

	/** CLIP's own image tower beside fixed text features. */
	function plainClassifier(
		clip: ClipModel,
		classNames: readonly string[],
		textFeatures: Tensor<'float32'>,
	): Promise<GraphClassifier> {
		const { imageSize } = clip.config.vision
		const vanilla = prepareDefense('vanilla', clip, classNames)
		return createGraphClassifier({
			engine,
			classNames,
			imageShape: [3, imageSize, imageSize],
			build: (pixels) => {
				const { features } = vanilla.imageFeatures(pixels, fixedParameters({}))
				return {
					logits: similarityLogits(features, ops.literal(textFeatures), logScale(clip)),
					imageFeatures: features,
				}
			},
		})
	}
	const startsOf = (seed: number, moment: string) => {
		const streams = imageStreams(seed)
		return (id: string, purpose: string) => streams(id, `tuning ${purpose} ${moment}`)
	}

	it('holds what PGD on the image encoder alone yields from unchanged images, before the first step', async () => {
		const input = await inputs()
		const seen: (readonly [string, number])[] = []
		await tune({
			...input,
			onBank: (done) => seen.push(['bank', done]),
			onProgress: ({ imagesDone }) => seen.push(['step', imagesDone]),
		})
		expect(seen.slice(0, 4)).toEqual([
			['bank', 4],
			['bank', 8],
			['bank', 12],
			['step', 4],
		])
		const { clip, dataset, config } = input
		const width = clip.config.projectionDimension
		// An attack on features must not care for the text.
		const anyText = float32([3, width], new Float32Array(3 * width).fill(0.5))
		const classifier = await plainClassifier(clip, dataset.classNames, anyText)
		const batch = await cleanBatch(input)
		const { epsilon, steps, relativeStepSize } = config.attack
		const adversarial = await attackBatch(
			pgd.prepare({ steps, relativeStepSize, start: 'one-sided', ...featureKl(width) }),
			classifier,
			batch,
			threatModel('linf', epsilon),
			startsOf(config.seed, 'bank'),
		)
		const features = async (images: Tensor<'float32'>) =>
			(await classifier.evaluate(images, ['imageFeatures'])).imageFeatures!.data
		const bank = await loadTensors(bankOf(input))
		expect(Object.keys(bank).sort()).toEqual(['adversarial', 'clean'])
		expect(bank.clean!.shape).toEqual([12, width])
		expect(bank.clean!.data).toEqual(await features(batch.images))
		expect(bank.adversarial!.data).toEqual(await features(adversarial))
		expect(relativeError(bank.adversarial!.data, bank.clean!.data)).toBeGreaterThan(1e-3)
		await classifier.release()
	})

	it.each(['tuned', 'vanilla'] as const)('takes the cross entropy of the %s model as well', async (target) => {
		const input = await inputs({ objective: 'cross-entropy', start: 'zero', target })
		const { finished, defense } = await tune(input)
		expect(finished).toBe(true)
		const { clip, dataset, config } = input
		// Vanilla's wording is the one of the data set; the model under tuning is attacked as it started.
		const text =
			target === 'vanilla'
				? await computeTextFeatures(
						engine,
						prepareDefense('vanilla', clip, dataset.classNames, { templates: ['a photo of a {}, a type of pet.'] }),
						{},
						2,
					)
				: await computeTextFeatures(engine, defense, await initialParameters(defense, config.seed), 2)
		const classifier = await plainClassifier(clip, dataset.classNames, text)
		const batch = await cleanBatch(input)
		const { epsilon, steps, relativeStepSize } = config.attack
		const options = { steps, relativeStepSize, start: 'zero' } as const
		const adversarial = await attackBatch(
			pgd.prepare(options),
			classifier,
			batch,
			threatModel('linf', epsilon),
			startsOf(1, 'bank'),
		)
		const { imageFeatures } = await classifier.evaluate(adversarial, ['imageFeatures'])
		const bank = await loadTensors(bankOf(input))
		// Signs of slopes may differ where text features are inputs of the program rather than constants.
		expect(relativeError(bank.adversarial!.data, imageFeatures!.data)).toBeLessThan(1e-4)
		expect(relativeError(bank.adversarial!.data, bank.clean!.data)).toBeGreaterThan(1e-3)
		await classifier.release()
	})

	it('is gone on with after a stop, to the same bytes', async () => {
		const whole = await inputs()
		await tune(whole)
		const stopped = await inputs()
		const stop = new AbortController()
		const seen: number[] = []
		const onBank = (done: number) => {
			seen.push(done)
			if (done === 4) stop.abort()
		}
		expect((await tune({ ...stopped, signal: stop.signal, onBank })).finished).toBe(false)
		expect(seen).toEqual([4])
		expect(existsSync(bankOf(stopped))).toBe(true)
		expect((await tune({ ...stopped, resume: true, onBank })).finished).toBe(true)
		expect(seen).toEqual([4, 8, 12])
		for (const file of ['bank.safetensors', 'parameters.safetensors', 'log.jsonl']) {
			expect(await readFile(join(stopped.output, file)), file).toEqual(await readFile(join(whole.output, file)))
		}
	})

	it('is made once: a run that goes on reads it', async () => {
		const input = await inputs()
		const stop = new AbortController()
		const onEpoch = () => stop.abort()
		expect((await tune({ ...input, signal: stop.signal, onEpoch })).finished).toBe(false)
		const { mtimeMs } = await stat(bankOf(input))
		const onBank = () => expect.unreachable()
		expect((await tune({ ...input, resume: true, onBank })).finished).toBe(true)
		expect((await stat(bankOf(input))).mtimeMs).toBe(mtimeMs)
	})

	it('is refused where it is damaged, of something else, not whole or gone', async () => {
		const input = await inputs()
		const stop = new AbortController()
		await tune({ ...input, signal: stop.signal, onEpoch: () => stop.abort() })
		const path = bankOf(input)
		const good = await readFile(path)
		const refused = async (message: RegExp) => {
			const resumed = tune({ ...input, resume: true })
			await expect(resumed).rejects.toThrow(NaptuneError)
			await expect(resumed).rejects.toThrow(message)
			await writeFile(path, good)
		}
		await flipBit(path)
		await refused(/bank\.safetensors is damaged.*Restore it, or start again in another folder/)
		const notices: TuningNotice[] = []
		const again = new AbortController()
		const onNotice = (notice: TuningNotice) => notices.push(notice)
		await tune({ ...input, resume: true, signal: again.signal, onNotice, onProgress: () => again.abort() })
		expect(notices.filter(({ id }) => id === 'unchecked-file')).toEqual([])
		// What is of another kind is told without a checksum as well.
		await rm(checksumPath(path))
		await tune({ ...input, resume: true, signal: AbortSignal.abort(), onNotice })
		expect(notices.at(-1)).toMatchObject({ id: 'unchecked-file', message: expect.stringContaining(path) })
		await truncate(path, good.length - 8)
		await refused(/bank\.safetensors/)
		await writeFile(path, 'no features')
		await refused(/bank\.safetensors/)
		const tensors = await loadTensors(path)
		await saveTensors(path, { clean: tensors.clean! }, { done: '12' })
		await refused(/not the feature bank of this run; expected 12 x 12/)
		const other = await inputs({ epsilon: 8 / 255 })
		await tune(other)
		await writeFile(path, await readFile(bankOf(other)))
		await refused(/not the feature bank of this run.*own images, model and attack/)
		const partial = await inputs()
		const early = new AbortController()
		await tune({ ...partial, signal: early.signal, onBank: () => early.abort() })
		await writeFile(path, await readFile(bankOf(partial)))
		await refused(/which the steps so far used, is incomplete/)
		await rm(path)
		await refused(/which the steps so far used, is missing/)
		expect((await tune({ ...input, resume: true })).finished).toBe(true)
	})

	it('is refused to a method that learns in the image tower, before anything is written', async () => {
		const input = await inputs()
		const attack = { ...input.config.attack, when: 'once' } as const
		for (const [name, parameter] of [
			['nap', 'visual.context.0'],
			['advpt-v', 'visual.context.0'],
		] as const) {
			const config = { ...input.config, attack, defense: { name, options: {} } }
			const promise = tune({ ...input, config })
			await expect(promise).rejects.toThrow(NaptuneError)
			await expect(promise).rejects.toThrow(
				`${name} trains the image tower (${parameter}), which changes them. Set attack.when to every-step.`,
			)
			expect(existsSync(input.output)).toBe(false)
		}
	})
})

describe('an inner attack on vanilla', () => {
	it('makes the images that fool vanilla, whatever the model under tuning', async () => {
		const engine = await createEngine({ threads: 1 })
		const clip = await tinyClip(await temporaryFolder())
		const { classNames, train } = tinyDataset()
		const template = 'a photo of a {}, a type of pet.'
		const { imageSize } = clip.config.vision
		const pixels = await Promise.all([0, 5, 9].map(async (index) => [...prepareImage(clip, await train.image(index))]))
		const batch = {
			images: float32([3, 3, imageSize, imageSize], Float32Array.from(pixels.flat())),
			labels: [0, 1, 2],
			ids: ['a', 'b', 'c'],
		}
		const adversarialBy = async (target: 'vanilla' | 'tuned') => {
			const config = tinyTuning({ attack: { target } })
			const defense = prepareDefense('nap', clip, classNames, config.defense.options)
			const programs = await compileTuningPrograms(engine, clip, defense, config, template)
			const parameters = await initialParameters(defense, 1)
			const textFeatures = await programs.text.features(parameters)
			const classifier = programs.attacked({ ...parameters, textFeatures })
			const images = await programs.innerAttack(classifier, batch, 'epoch 0')
			await programs.release()
			return images
		}
		const vanilla = prepareDefense('vanilla', clip, classNames, { templates: [template] })
		const text = await computeTextFeatures(engine, vanilla, {}, 64)
		const separate = await createGraphClassifier({
			engine,
			classNames,
			imageShape: [3, imageSize, imageSize],
			build: (input) => {
				const { features } = vanilla.imageFeatures(input, fixedParameters({}))
				return { logits: similarityLogits(features, ops.literal(text), logScale(clip)) }
			},
		})
		const options = { steps: 2, relativeStepSize: 0.6, start: 'zero' } as const
		const expected = await attackBatch(
			pgd.prepare(options),
			separate,
			batch,
			threatModel('linf', 4 / 255),
			imageStreams(1),
		)
		expect((await adversarialBy('vanilla')).data).toEqual(expected.data)
		expect((await adversarialBy('tuned')).data).not.toEqual(expected.data)
		await engine.close()
	})
})
