import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { predictions } from '../../classifier/predictions.js'
import { range } from '../../core/rows.js'
import { loadDataset } from '../../data/registry.js'
import { prepareDefense } from '../../defenses/registry.js'
import { deployedClassifier } from '../../evaluation/deployed/deployed-classifier.js'
import { loadTunedRun } from '../../evaluation/deployed/tuned-run.js'
import { preparedImages } from '../../evaluation/robustness/evaluate.js'
import { readEvaluationRecord } from '../../evaluation/robustness/record.js'
import type { compare as compareJob } from '../../jobs/compare.js'
import type { JobResult } from '../../jobs/job.js'
import type { report as reportJob } from '../../jobs/report.js'
import type { ExperimentResult } from '../../records/experiment.js'
import { createEngine } from '../../runtime/index.js'
import { holmAdjusted } from '../../statistics/holm.js'
import { runCli, runJson, startCli, writePhotos, writeTinyModel } from '../cli.test.helper.js'

let folder: string
let compare: string[]
const methods = ['coop', 'advpt', 'nap']

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-compare-'))
	await writeTinyModel(join(folder, 'model'))
	await writePhotos(join(folder, 'photos'))
	await writePhotos(join(folder, 'others'), ['yellow_car', 'grey_bus', 'old_lorry', 'small_van'], 4)
	const inputs = ['--model', join(folder, 'model'), '--data', join(folder, 'photos'), '--threads', '1']
	compare = ['compare', ...inputs, '--preset', 'tiny', '--defenses', methods.join(',')]
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const whole = () => join(folder, 'whole')
/** Enough epochs that a stop comes in the middle. */
const epochs = ['--set', 'epochs=40']

const recordPath = (root: string, method: string) =>
	join(root, method, 'evaluations', `${method}-pgd-5-linf-4-255-test-6-seed1.json`)
const resultOf = async (root: string) =>
	JSON.parse(await readFile(join(root, 'result.json'), 'utf8')) as ExperimentResult
const withoutTimes = ({ cells }: ExperimentResult) =>
	cells.map((cell) => ({
		...cell,
		seeds: cell.seeds.map(({ tuningSeconds: _, evaluationSeconds: __, ...rest }) => rest),
	}))

describe('comparing methods', () => {
	it('tunes and attacks all of them and vanilla, and prints one table', async () => {
		const { code, stdout, stderr } = await runCli([...compare, ...epochs, '--output', whole()])
		expect(code).toBe(0)
		const lines = stdout.split('\n')
		expect(lines[0]).toMatch(/^defense .* accuracy under pgd-5 \[95 %\] +p against nap +tuning$/)
		expect(lines.slice(2, 6).map((line) => line.split(' ')[0])).toEqual(['vanilla', ...methods])
		expect(stdout).toContain('6 test images, pgd-5 at L-infinity epsilon 4/255, preset tiny, seed 1')
		expect(stdout).toContain("corrected by Holm's method over the 3 comparisons shown")
		expect(stderr).toContain('(tiny, version 1) on photos: coop, advpt, nap; then pgd-5 at L-infinity')
		for (const method of methods) expect(stderr).toContain(`Tuning ${method}`)

		const result = await resultOf(whole())
		expect(result).toMatchObject({
			format: 1,
			name: 'tiny',
			layout: 'table',
			datasets: ['photos'],
			reference: 'nap',
			definition: { preset: 'tiny', folders: 'by-method', epsilon: '4/255' },
		})
		expect(result.methods.map(({ name }) => name)).toEqual(['vanilla', ...methods])
		for (const { method, condition, accuracy, interval, trainableParameters, seeds } of result.cells) {
			const record = await readEvaluationRecord(recordPath(whole(), method))
			const { clean, robust } = record
			expect({ accuracy, interval }).toEqual(condition === 'clean' ? clean : robust)
			expect(record.defense).toMatchObject({ trainableParameters })
			expect(seeds).toMatchObject([{ record: recordPath('', method), ...(method !== 'vanilla' && { run: method }) }])
			expect(seeds[0]!.tuningSeconds > 0).toBe(method !== 'vanilla')
		}
		// Two vectors of the text tower's width each.
		const attacked = result.cells.filter(({ condition }) => condition !== 'clean')
		expect(attacked.map(({ trainableParameters }) => trainableParameters).slice(0, 3)).toEqual([0, 32, 32])
		const run = JSON.parse(await readFile(join(whole(), 'nap', 'run.json'), 'utf8'))
		expect(run.preset).toMatchObject({ name: 'tiny', version: 1, overrides: [{ epochs: 40 }] })
	})

	it('only prints what is finished', async () => {
		const before = await Promise.all(['vanilla', ...methods].map((method) => stat(recordPath(whole(), method))))
		const { code, document, stderr } = await runJson([...compare, ...epochs, '--output', whole()])
		expect(code).toBe(0)
		expect(stderr).not.toMatch(/Tuning|epoch/)
		const after = await Promise.all(['vanilla', ...methods].map((method) => stat(recordPath(whole(), method))))
		expect(after.map(({ mtimeMs }) => mtimeMs)).toEqual(before.map(({ mtimeMs }) => mtimeMs))
		expect(document).toMatchObject({
			experiment: { name: 'tiny', version: 1, preset: 'tiny' },
			record: join(whole(), 'result.json'),
			attack: 'pgd-5',
			norm: 'linf',
			epsilon: 4 / 255,
			images: 6,
			reference: 'nap',
			problems: [],
		})
		const { methods: rows } = document as JobResult<typeof compareJob>
		const { cells } = await resultOf(whole())
		const holm = holmAdjusted(rows.flatMap(({ paired }) => paired?.p ?? []))
		expect(rows.flatMap(({ paired }) => paired?.correctedP ?? [])).toEqual(holm)
		for (const { defense, clean, robust, paired } of rows) {
			const [atRest, attacked] = cells.filter(({ method }) => method === defense)
			expect([clean.accuracy, robust.accuracy]).toEqual([atRest?.accuracy, attacked?.accuracy])
			expect(paired === null).toBe(defense === 'nap')
			expect(paired?.p).toBe(attacked?.paired?.p)
		}
	})

	it('is an experiment whose report has figures, tables and a verdict', async () => {
		const { code, document } = await runJson(['report', whole()])
		expect(code).toBe(0)
		const { kind, figures, tables, verdict } = document as JobResult<typeof reportJob>
		expect([kind, verdict]).toEqual(['experiment', [expect.stringContaining('Under PGD-5')]])
		expect(figures.map((path) => basename(path))).toContain('learning-curves.svg')
		expect(tables.map((path) => basename(path))).toContain('paired.md')
		expect(await readFile(join(whole(), 'report.html'), 'utf8')).toContain('corrected over all comparisons')
	})

	it('goes on after Ctrl-C, in a method and between two, to the same numbers', async () => {
		const output = join(folder, 'stopped')
		for (const text of [' 2/40 ', 'Tuning nap']) {
			const running = startCli([...compare, ...epochs, '--output', output])
			await running.until(text)
			running.process.kill('SIGINT')
			const { code, stdout, stderr } = await running.finished
			expect(code, stderr).toBe(130)
			expect(stdout).toBe('')
			expect(stderr).toContain('run the same command again to resume')
			expect(existsSync(join(output, 'result.json'))).toBe(false)
		}
		const { code, document } = await runJson([...compare, ...epochs, '--output', output])
		expect(code).toBe(0)
		expect((document as JobResult<typeof compareJob>).methods).toHaveLength(4)
		for (const method of methods) {
			for (const file of ['parameters.safetensors', 'log.jsonl']) {
				const [own, expected] = [join(output, method, file), join(whole(), method, file)]
				expect(await readFile(own), `${method}/${file}`).toEqual(await readFile(expected))
			}
		}
		for (const method of ['vanilla', ...methods]) {
			const [own, expected] = [recordPath(output, method), recordPath(whole(), method)]
			expect((await readEvaluationRecord(own)).outcomes).toEqual((await readEvaluationRecord(expected)).outcomes)
		}
		expect(withoutTimes(await resultOf(output))).toEqual(withoutTimes(await resultOf(whole())))
	})

	it.each([
		[
			'an unknown method',
			['--defenses', 'coop,napp'],
			/napp is not a method of this comparison; choose from coop,.*Did you mean nap\?/s,
		],
		['vanilla as a method', ['--defenses', 'vanilla'], /vanilla is not a method.*always included/],
		[
			'options that a later method has not',
			['--defenses', 'coop,advpt-v', '--set', 'defense.options.textPrompts=2'],
			/defense advpt-v are invalid.*textPrompts/s,
		],
		['a bank for a method in the image tower', ['--set', 'attack.when=once'], /nap trains the image tower/],
		['one method in the place of all', ['--set', 'defense.name=fap'], /use another method/],
	])('refuses %s before the first run', async (_, args, message) => {
		const output = join(folder, 'refused')
		const { code, stderr, stdout } = await runCli([...compare, ...args, '--output', output])
		expect(code).toBe(1)
		expect(stderr).toMatch(message)
		expect(stdout).toBe('')
		expect(existsSync(output)).toBe(false)
	})
})

describe('evaluating a run on other data', () => {
	it('puts what was learned beside the other class names, vanilla among them, in a folder of its own', async () => {
		const run = join(whole(), 'nap')
		const evaluations = await readdir(join(run, 'evaluations'))
		const args = ['evaluate', run, '--data', join(folder, 'others'), '--attack', 'pgd-5', '--threads', '1']
		const { code, document } = await runJson(args)
		expect(code).toBe(0)
		const { rows, images } = document as { images: number; rows: { defense: string; record: string }[] }
		expect(rows.map(({ defense }) => defense)).toEqual(['vanilla', 'nap'])
		const own = await readEvaluationRecord(recordPath(whole(), 'nap'))
		for (const { defense, record: path } of rows) {
			expect(path.slice(run.length)).toMatch(new RegExp(`^/transfer/others-[0-9a-f]{8}/${defense}-pgd-5`))
			const record = await readEvaluationRecord(path)
			expect(record.images).toBe(images)
			expect(record.dataset).toMatchObject({
				name: 'others',
				classNames: ['grey_bus', 'old_lorry', 'small_van', 'yellow_car'],
			})
			expect(new Set(record.outcomes.map(({ label }) => label))).toEqual(new Set([0, 1, 2, 3]))
			if (defense === 'nap') expect(record.defense).toEqual(own.defense)
			else
				expect(record.defense).toMatchObject({ trainableParameters: 0, options: { templates: ['a photo of a {}.'] } })
		}
		expect(await readdir(join(run, 'evaluations'))).toEqual(evaluations)

		// The same parameters beside these names, put together by hand.
		const { clip, parameters, defense } = await loadTunedRun(run)
		const { classNames, test } = await loadDataset(join(folder, 'others'))
		const engine = await createEngine({ threads: 1 })
		const moved = prepareDefense('nap', clip, classNames, defense.config)
		const classifier = await deployedClassifier(engine, clip, moved, parameters)
		const pixels = await preparedImages(clip, test, range(0, test.length))
		const ids = range(0, test.length).map((index) => test.id(index))
		const { logits } = await classifier.evaluate(pixels, ['logits'])
		const { outcomes } = await readEvaluationRecord(rows[1]!.record)
		expect(logits!.shape).toEqual([test.length, 4])
		expect(outcomes.map(({ cleanPrediction }) => cleanPrediction)).toEqual(predictions(logits!, ids))
		await engine.close()
	})

	it('refuses data that is not there', async () => {
		const { code, stderr } = await runCli(['evaluate', join(whole(), 'nap'), '--data', join(folder, 'nowhere')])
		expect(code).toBe(1)
		expect(stderr).toMatch(/nowhere" is neither a known data set/)
	})
})
