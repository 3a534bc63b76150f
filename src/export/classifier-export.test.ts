import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entry } from '../core/at.js'
import { range } from '../core/rows.js'
import { atMost } from '../data/subsets.js'
import { deployedClassifier } from '../evaluation/deployed/deployed-classifier.js'
import { loadTunedRun } from '../evaluation/deployed/tuned-run.js'
import { preparedImages } from '../evaluation/robustness/evaluate.js'
import { flipBit } from '../files/flip-bit.test.helper.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { attack } from '../jobs/attack.js'
import { classify } from '../jobs/classify.js'
import { exportModel } from '../jobs/export-model.js'
import { relativeDistance } from '../runtime/graphs.test.support.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import { pixelValuesOf } from './exported-program.js'
import { loadExport } from './load-export.js'
import { smallRun } from './small-run.test.helper.js'

const photo = fileURLToPath(new URL('../../fixtures/images/photo-odd.jpg', import.meta.url))
const images = 40

describe('a classifier', () => {
	let engine: ModelEngine
	let folder: string
	let run: string
	let exported: Awaited<ReturnType<typeof exportModel>>
	const context = () => ({ engine: async () => engine })
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
		folder = await mkdtemp(join(tmpdir(), 'naptune-export-'))
		run = await smallRun(engine, folder)
		exported = await exportModel(
			{ run, output: join(folder, 'plain'), images, probabilities: true, correctionScore: true },
			context(),
		)
	})
	afterAll(async () => {
		await engine.close()
		await rm(folder, { recursive: true })
	})

	it('says what it holds, and what was measured of it', async () => {
		const { record } = await loadExport(exported.output)
		const { output, ...same } = exported
		expect(record).toMatchObject(same)
		expect((await readdir(output)).sort()).toEqual([
			'README.md',
			'classify.mjs',
			'export.json',
			'index.html',
			'labels.json',
			'model.onnx',
			'preprocessor_config.json',
		])
		expect(record.measured.parity).toMatchObject({ images, labelAgreement: 1 })
		expect(record.measured.parity.relativeL2).toBeLessThan(1e-6)
		expect(record.measured.robust.accuracy).toBeLessThan(record.measured.clean.accuracy)
		expect(record.calibration?.scores.correction).toHaveLength(100)
		const card = await readFile(join(output, 'README.md'), 'utf8')
		expect(card).toContain(`${(100 * record.measured.robust.accuracy).toFixed(1)} % [`)
	})

	it('gives plain onnxruntime the logits, probabilities and scores of the run', async () => {
		const { clip, defense, parameters, dataset } = await loadTunedRun(run)
		const split = atMost((await dataset()).test, 12, 3)
		const pixels = await preparedImages(clip, split, range(0, 12))
		const deployed = await deployedClassifier(engine, clip, defense, parameters)
		const expected = await deployed.evaluate(pixels, ['logits', 'correction'])
		await deployed.release()
		const session = await InferenceSession.create(join(exported.output, 'model.onnx'))
		const values = pixelValuesOf(pixels, clip.statistics)
		const found = await session.run({ pixel_values: new Tensor('float32', values.data, values.shape) })
		const numbers = (name: string) => [...(entry(found, name).data as Float32Array)]
		expect(relativeDistance(numbers('logits'), [...entry(expected, 'logits').data])).toBeLessThan(1e-6)
		expect(relativeDistance(numbers('correction'), [...entry(expected, 'correction').data])).toBeLessThan(1e-6)
		const sums = range(0, 12).map((row) => numbers('probabilities').slice(row * 10, row * 10 + 10))
		for (const row of sums) expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5)
		await session.release()
	})

	it('is attacked by attack --onnx without a word about its input, with the same outcome', async () => {
		const { onnx, output } = { onnx: join(exported.output, 'model.onnx'), output: join(folder, 'attacks') }
		const notes: string[] = []
		const found = await attack(
			{ onnx, data: 'cifar10-mini', attack: 'pgd-20', epsilon: '3/255', limit: images, resize: 'margin', output },
			{ ...context(), onNote: ({ text }) => notes.push(text) },
		)
		expect(notes.filter((note) => note.includes('Guessed'))).toEqual([])
		if (!('input' in found)) throw new Error('It was not attacked as an ONNX file.')
		expect(found.input).toMatchObject({ mean: [...exported.image.mean], std: [...exported.image.std], guessed: [] })
		expect(found.classNames).toEqual(exported.classNames)
		// It resizes bilinearly, the checkpoint bicubically, so that single images may differ.
		expect(Math.abs(found.robust.accuracy - exported.measured.robust.accuracy)).toBeLessThanOrEqual(0.15)
	})

	it('comes with a program for Node.js that runs as it is', async () => {
		// As after npm install, which puts packages above the folder.
		const { output } = exported
		const modules = fileURLToPath(new URL('../../node_modules', import.meta.url))
		await symlink(modules, join(folder, 'node_modules'))
		const { stdout } = await promisify(execFile)(process.execPath, ['classify.mjs', photo], { cwd: output })
		const { classes } = JSON.parse(stdout) as { classes: { label: string; probability: number }[] }
		const own = await classify({ run, images: [photo], top: 1 }, context())
		expect(classes).toHaveLength(5)
		expect(classes[0]?.label).toBe(own.images[0]?.classes[0]?.className)
		expect(classes[0]?.probability).toBeCloseTo(own.images[0]?.classes[0]?.probability ?? -1, 1)

		const open = join(folder, 'open')
		const { files } = await exportModel({ run, output: open, images: 10, task: 'zero-shot' }, context())
		expect(Object.keys(files)).toEqual(expect.arrayContaining(['classify.mjs', 'index.html', 'tokenizer.json']))
		const asked = async (...names: string[]): Promise<typeof classes> => {
			const answer = await promisify(execFile)(process.execPath, ['classify.mjs', photo, ...names], { cwd: open })
			return JSON.parse(answer.stdout).classes
		}
		const same = await asked()
		expect(same[0]?.label).toBe(classes[0]?.label)
		expect(same[0]?.probability).toBeCloseTo(classes[0]?.probability ?? -1, 4)
		const others = await asked('a red bus', 'hot_air_balloon', 'snow '.repeat(100))
		expect(others.map(({ label }) => label)).toHaveLength(3)
		expect(others.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5)
		await rm(join(folder, 'node_modules'))
	})

	it('becomes the folder that transformers.js takes for a ViT, in half precision and ready for the hub', async () => {
		const output = join(folder, 'hub')
		const asked = { run, output, images: 20, layout: 'hub', dtype: 'fp16', maxDrop: 0.1 } as const
		const found = await exportModel(asked, context())
		expect(Object.keys(found.files)).toEqual([
			'.gitattributes',
			'README.md',
			'config.json',
			'labels.json',
			'onnx/model_fp16.onnx',
			'preprocessor_config.json',
		])
		const whole = exported.files['model.onnx']?.bytes ?? 0
		expect(found.files['onnx/model_fp16.onnx']?.bytes).toBeLessThan(0.55 * whole)
		const { parity, reference, pipelines } = found.measured
		expect(parity.relativeL2).toBeGreaterThan(1e-6)
		expect(parity.relativeL2).toBeLessThan(1e-2)
		expect(reference?.maxDrop).toBe(0.1)
		// The pictures of this data set have the model's size: enlarged, they show what another resize does.
		expect(pipelines).toMatchObject({ images: 20, resized: 20, enlarged: 20 })
		expect(pipelines?.largestDifference).toBeGreaterThan(8)
		expect(pipelines?.labelAgreement).toBeGreaterThan(0.5)
		expect(pipelines?.pillow?.robust.accuracy).toBeLessThanOrEqual(pipelines?.pillow?.clean.accuracy ?? -1)
		const config = JSON.parse(await readFile(join(output, 'config.json'), 'utf8'))
		expect(config).toMatchObject({ model_type: 'vit', id2label: { 0: 'airplane', 9: 'truck' } })
	})

	it('stays open to other classes as a zero-shot model', async () => {
		const output = join(folder, 'zero-shot')
		const asked = { run, output, images: 20, task: 'zero-shot', layout: 'transformers.js' } as const
		const { measured, graphs, text } = await exportModel(asked, context())
		expect(measured.parity.relativeL2).toBeLessThan(1e-6)
		expect(graphs.map(({ role, file }) => [role, file])).toEqual([
			['zero-shot', 'onnx/model.onnx'],
			['vision', 'onnx/vision_model.onnx'],
			['text', 'onnx/text_model.onnx'],
		])
		expect(text).toEqual({ contexts: 4, maxTokens: 73, hypothesisTemplate: '{}.' })
		const settings = JSON.parse(await readFile(join(output, 'tokenizer_config.json'), 'utf8'))
		expect(settings.model_max_length).toBe(73)
		await expect(exportModel({ ...asked, probabilities: true }, context())).rejects.toMatchObject({
			code: 'NAP_OPTION_CONFLICT',
		})
		await expect(exportModel({ ...asked, layout: 'transformers', force: true }, context())).rejects.toThrow(
			/nap cannot be written as weights of a CLIPModel: it has refiners in the text tower/,
		)
	})

	it('replaces another export with --force only, and nothing else ever', async () => {
		const output = join(folder, 'plain')
		const before = await readFile(join(output, 'export.json'), 'utf8')
		await expect(exportModel({ run, output, images: 20 }, context())).rejects.toThrow(
			/already holds an export.*--force/,
		)
		const stop = AbortSignal.abort()
		await expect(exportModel({ run, output, images: 20, force: true }, { ...context(), signal: stop })).rejects.toThrow(
			/Stopped/,
		)
		expect(await readFile(join(output, 'export.json'), 'utf8')).toBe(before)
		const again = await exportModel({ run, output, images: 20, force: true }, context())
		expect(again.measured.parity.images).toBe(20)
		expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([])
		await expect(exportModel({ run, output: run, images: 20, force: true }, context())).rejects.toThrow(
			/files other than an export/,
		)
	})

	it('is not read where a file was changed', async () => {
		const output = join(folder, 'plain')
		await flipBit(join(output, 'model.onnx'), 1000)
		await expect(loadExport(output)).rejects.toThrow(/model\.onnx is not the file that was exported/)
		await expect(loadExport(run)).rejects.toThrow(/is no export/)
	})

	it('is refused of a bad run, and nothing is written', async () => {
		const place = await temporaryFolder()
		const bad = join(place, 'run')
		await cp(run, bad, { recursive: true })
		const asked = { run: bad, output: join(place, 'export'), images: 20 }
		const parameters = join(bad, 'parameters.safetensors')
		const whole = await readFile(parameters)
		await flipBit(parameters, -100)
		await expect(exportModel(asked, context())).rejects.toThrow(/parameters/)
		await writeFile(parameters, whole)
		const result = join(bad, 'result.json')
		const closing = JSON.parse(await readFile(result, 'utf8'))
		await writeFile(result, JSON.stringify({ ...closing, epochsAtChance: 1 }))
		await expect(exportModel(asked, context())).rejects.toMatchObject({
			code: 'NAP_EXPORT_REFUSED',
			message: expect.stringContaining('no better than guessing'),
		})
		await rm(result)
		await expect(exportModel(asked, context())).rejects.toThrow(/result\.json is missing/)
		expect(await readdir(place)).toEqual(['run'])
	})
})
