import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256OfFile } from '../../files/sha256.js'
import { exportModel } from '../../jobs/export-model.js'
import { gate } from '../../jobs/gate.js'
import { gateInit } from '../../jobs/gate-init.js'
import type { JobInput, JobResult } from '../../jobs/job.js'
import type { GateVerdict } from '../../records/gate.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { loadTensors, saveTensors } from '../../training/tensor-set.js'
import { runJson, writePhotos } from '../cli.test.helper.js'

const place = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))
const demo = place('results/demo')
const resnet = place('fixtures/onnx-classifiers/resnet-torchscript-opset11.onnx')

let folder: string
let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	folder = await mkdtemp(join(tmpdir(), 'naptune-gate-'))
})
afterAll(async () => {
	await engine.close()
	await rm(folder, { recursive: true, force: true })
})

const config = {
	format: 1,
	data: 'cifar10-mini',
	images: 40,
	clean: { min: 0.4 },
	attacks: [{ attack: 'pgd-5', epsilon: '3/255', robust: { min: 0.1, maxDrop: 0.03 } }],
	baseline: { file: 'baseline.json' },
}

async function written(name: string, changes: object = {}): Promise<string> {
	const path = join(folder, `${name}.json`)
	await writeFile(path, JSON.stringify({ ...config, ...changes }))
	return path
}

const gateArguments = (model: string, path: string, output: string, ...more: readonly string[]) =>
	['gate', model, '--config', path, '--output', join(folder, output), ...more] as const

/** The job, on one engine for all. */
function judge(
	subject: string,
	path: string,
	output: string,
	more: Partial<JobInput<typeof gate>> = {},
	own = async () => engine,
): Promise<JobResult<typeof gate>> {
	return gate({ subject, config: path, output: join(folder, output), ...more }, { engine: own })
}

/** The run with refiners that correct nothing. */
async function withoutRefiners(): Promise<string> {
	const run = join(folder, 'zeroed')
	await mkdir(run)
	await writeFile(join(run, 'run.json'), await readFile(join(demo, 'run.json')))
	const tensors = await loadTensors(join(demo, 'parameters.safetensors'))
	const refiners = Object.keys(tensors).filter((name) => name.includes('.refiner.'))
	expect(refiners.length).toBeGreaterThan(10)
	for (const name of refiners) tensors[name]?.data.fill(0)
	const path = join(run, 'parameters.safetensors')
	await saveTensors(path, tensors, { defense: 'nap' })
	const result = JSON.parse(await readFile(join(demo, 'result.json'), 'utf8'))
	await writeFile(join(run, 'result.json'), JSON.stringify({ ...result, parametersSha256: await sha256OfFile(path) }))
	return run
}

describe('a gate', () => {
	it('is green on a tuned run, red on vanilla and on the run without its refiners', async () => {
		const path = await written('gate')
		await expect(judge(demo, path, 'green')).rejects.toThrow('--update-baseline')
		const first = await judge(demo, path, 'green', { updateBaseline: true })
		expect(first.verdict).toBe('pass')
		const baseline = JSON.parse(await readFile(join(folder, 'baseline.json'), 'utf8'))
		expect(baseline.images).toHaveLength(40)
		expect(baseline.attacks[0].right).toMatch(/^[01]{40}$/)

		// What was attacked for the baseline is found again; another batch size and thread count give the same bytes.
		const again = await runJson(gateArguments(demo, path, 'green', '--batch-size', '7', '--threads', '2'))
		expect([again.code, (again.document as { attacked: number }).attacked]).toEqual([0, 0])
		const other = await createEngine({ threads: 2 })
		const anew = await judge(
			demo,
			path,
			'anew',
			{ batchSize: 13, cache: join(folder, 'other-cache') },
			async () => other,
		).finally(() => other.close())
		expect(anew.attacked).toBeGreaterThan(0)
		for (const file of ['gate.json', 'junit.xml', 'summary.md']) {
			const [one, two] = [join(folder, 'green', file), join(folder, 'anew', file)]
			expect((await readFile(one)).equals(await readFile(two)), file).toBe(true)
		}
		expect(anew.checks.map(({ id, status }) => [id, status])).toEqual([
			['clean.min', 'pass'],
			['pgd-5-linf-3/255.min', 'pass'],
			['pgd-5-linf-3/255.max-drop', 'pass'],
		])

		const vanilla = await judge(demo, path, 'vanilla', { vanilla: true })
		const zeroed = await judge(await withoutRefiners(), path, 'zeroed-out')
		for (const found of [vanilla, zeroed]) {
			expect(found.verdict).toBe('fail')
			const failed = found.checks.find(({ id }) => id === 'pgd-5-linf-3/255.min')
			expect(failed).toMatchObject({ status: 'fail', decidedBy: 'certainty' })
			expect(failed?.images).toBeLessThan(40)
		}
	}, 300_000)

	it('demands audit checks, and makes no baseline of a model that fails', async () => {
		const attacks = [{ attack: 'pgd-5', epsilon: '3/255', robust: { min: 0 } }]
		const audit = { checks: ['zero-gradient', 'deterministic-forward'], images: 4 }
		const path = await written('audited', { images: 4, clean: { min: 0 }, attacks, audit, baseline: undefined })
		const { checks, verdict } = await judge(demo, path, 'audited')
		expect(verdict).toBe('pass')
		expect(checks.slice(-2).map(({ id, status, decidedBy }) => [id, status, decidedBy])).toEqual([
			['audit.deterministic-forward', 'pass', 'audit'],
			['audit.zero-gradient', 'pass', 'audit'],
		])
		const hard = [{ attack: 'pgd-20', epsilon: '16/255', robust: { min: 0.2 } }]
		const failing = await written('failing', {
			images: 4,
			clean: { min: 0 },
			attacks: hard,
			baseline: { file: 'never.json' },
		})
		const refused = await judge(demo, failing, 'refused', { vanilla: true, updateBaseline: true })
		expect([refused.verdict, refused.files.baseline]).toEqual(['fail', undefined])
		expect(existsSync(join(folder, 'never.json'))).toBe(false)
	})

	it('measures again what is damaged in its cache, and notices another image', async () => {
		const attacks = [{ attack: 'pgd-5', epsilon: '3/255', robust: { min: 0.02 } }]
		const bare = { images: 10, attacks, audit: undefined, baseline: undefined, clean: undefined }
		const path = await written('cached', bare)
		const cache = join(folder, 'damaged-cache')
		const first = await judge(demo, path, 'cached', { cache })
		for (const name of await readdir(cache, { recursive: true })) {
			if (name.endsWith('.json')) await writeFile(join(cache, name), 'damaged')
		}
		const second = await judge(demo, path, 'cached', { cache })
		expect(second.attacked).toBe(first.attacked)
		expect(second.checks).toEqual(first.checks)
		const other = await judge(demo, await written('other-seed', { ...bare, seed: 2 }), 'cached', { cache })
		expect(other.attacked).toBeGreaterThan(0)
	})

	it('neither passes nor fails over its time budget', async () => {
		const attacks = [{ ...config.attacks[0], robust: { min: 0.1 } }]
		const path = await written('hasty', { timeBudget: 0.001, attacks })
		const { code, document } = await runJson(gateArguments(demo, path, 'hasty', '--threads', '1'))
		expect([code, (document as GateVerdict).verdict]).toEqual([1, 'undecided'])
		expect(await readFile(join(folder, 'hasty', 'junit.xml'), 'utf8')).toContain('<error ')
	})

	it('judges any ONNX classifier, and tells GitHub Actions', async () => {
		const evil = 'photos ::error::x'
		await writePhotos(join(folder, evil), ['0', '1', '2', '3', '4'], 5)
		const path = await written('onnx', {
			data: evil,
			images: 4,
			clean: { min: 0 },
			attacks: [{ attack: 'pgd-5', epsilon: '8/255', robust: { min: 0.4 } }],
			audit: undefined,
			baseline: undefined,
			onnx: { layout: 'nchw', normalisation: 'imagenet', channelOrder: 'rgb' },
		})
		const [summary, output] = [join(folder, 'step-summary.md'), join(folder, 'step-output')]
		const actions = {
			GITHUB_ACTIONS: 'true',
			GITHUB_WORKSPACE: folder,
			GITHUB_STEP_SUMMARY: summary,
			GITHUB_OUTPUT: output,
		}
		const { code, stderr, document } = await runJson(gateArguments(resnet, path, 'onnx-out'), { env: actions })
		expect([code, (document as GateVerdict).subject.kind]).toEqual([3, 'onnx'])
		expect(stderr).toContain('::error file=onnx.json,title=naptune gate%3A pgd-5-linf-8/255.min::')
		expect(await readFile(summary, 'utf8')).toContain('## naptune gate: ❌ fail')
		expect(await readFile(output, 'utf8')).toBe('verdict=fail\n')
	})

	it('says what is wrong with a configuration', async () => {
		const attacks = [{ ...config.attacks[0], robust: {} }]
		const cases: readonly (readonly [object, string])[] = [
			[{ attacks }, 'requires nothing under pgd-5'],
			[{ attacks: [{ ...config.attacks[0], robust: { min: 0.99 } }] }, 'No model can reach min 0.99 on 40 images'],
			[{ baseline: undefined }, 'names no baseline'],
			[{ audit: { checks: ['zero-gradien'] } }, 'Did you mean zero-gradient?'],
			[{ attacks: [{ attack: 'pgd-100-targeted', epsilon: 0.1, robust: { min: 0.1 } }] }, 'it needs a target class'],
			[{ clean: { mim: 0.5 } }, 'mim'],
		]
		for (const [index, [changes, message]] of cases.entries()) {
			await expect(judge(demo, await written(`wrong-${index}`, changes), 'wrong')).rejects.toThrow(message)
		}
		await expect(judge(demo, join(folder, 'none.json'), 'wrong')).rejects.toThrow('naptune gate init')
		const path = await written('wrong-subject', { baseline: undefined })
		await expect(judge(folder, path, 'wrong')).rejects.toThrow('neither a tuning run')
		await expect(judge(resnet, path, 'wrong', { vanilla: true })).rejects.toThrow('is not a run')
	})

	it('is written by init, and the model passes it', async () => {
		const path = join(folder, 'made', 'naptune.gate.json')
		const cache = join(folder, 'made-cache')
		const options = ['--limit', '20', '--attack', 'pgd-5', '--no-audit', '--threads', '1', '--cache', cache]
		const made = await runJson(['gate', 'init', demo, '--config', path, ...options])
		expect(made.code).toBe(0)
		const { verdict, attacked } = await judge(demo, path, 'made-out', { cache })
		expect([verdict, attacked]).toEqual(['pass', 0])
		await expect(gateInit({ subject: demo, config: path })).rejects.toThrow('--force')

		// An export says what it was measured on, and by how much.
		const output = join(folder, 'open-export')
		const own = { engine: async () => engine }
		await exportModel({ run: demo, output, images: 20, task: 'zero-shot' }, own)
		const ofExport = join(folder, 'made-of-export', 'naptune.gate.json')
		const asked = { subject: output, config: ofExport, limit: 20, attack: 'pgd-5', audit: false, cache }
		const { clean, robust } = await gateInit(asked, own)
		const { document } = made
		expect({ clean, robust }).toEqual({
			clean: (document as JobResult<typeof gateInit>).clean,
			robust: (document as JobResult<typeof gateInit>).robust,
		})
	})
})
