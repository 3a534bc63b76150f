import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256OfFile } from '../../files/sha256.js'
import type { GateVerdict } from '../../records/gate.js'
import { loadTensors, saveTensors } from '../../training/tensor-set.js'
import { runCli, runJson, writePhotos } from '../cli.test.helper.js'

const place = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))
const demo = place('results/demo')
const resnet = place('fixtures/onnx-classifiers/resnet-torchscript-opset11.onnx')

let folder: string
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-gate-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const config = {
	format: 1,
	data: 'cifar10-mini',
	images: 50,
	clean: { min: 0.4 },
	attacks: [{ attack: 'pgd-20', epsilon: '3/255', robust: { min: 0.2, maxDrop: 0.03 } }],
	baseline: { file: 'baseline.json' },
	audit: { checks: ['zero-gradient', 'deterministic-forward'], images: 10 },
}

async function written(name: string, changes: object = {}): Promise<string> {
	const path = join(folder, `${name}.json`)
	await writeFile(path, JSON.stringify({ ...config, ...changes }))
	return path
}

const gate = (model: string, path: string, output: string, ...more: readonly string[]) =>
	['gate', model, '--config', path, '--output', join(folder, output), '--threads', '1', ...more] as const

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

describe('naptune gate', () => {
	it('is green on a tuned run, red on vanilla and on the run without its refiners', async () => {
		const path = await written('gate')
		const missing = await runCli(gate(demo, path, 'green'))
		expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('--update-baseline')])
		const first = await runJson(gate(demo, path, 'green', '--update-baseline'))
		expect(first.code).toBe(0)
		const baseline = JSON.parse(await readFile(join(folder, 'baseline.json'), 'utf8'))
		expect(baseline.images).toHaveLength(50)
		expect(baseline.attacks[0].right).toMatch(/^[01]{50}$/)

		// What was attacked for the baseline is found again; another batch size and thread count give the same bytes.
		const again = await runJson(gate(demo, path, 'green', '--batch-size', '7'))
		expect([again.code, (again.document as { attacked: number }).attacked]).toEqual([0, 0])
		const anew = await runJson(
			gate(demo, path, 'anew', '--batch-size', '13', '--threads', '2', '--cache', join(folder, 'other-cache')),
		)
		expect((anew.document as { attacked: number }).attacked).toBeGreaterThan(0)
		for (const file of ['gate.json', 'junit.xml', 'summary.md']) {
			const [one, other] = [join(folder, 'green', file), join(folder, 'anew', file)]
			expect((await readFile(one)).equals(await readFile(other)), file).toBe(true)
		}
		const { checks } = anew.document as GateVerdict
		expect(checks.map(({ id, status }) => [id, status])).toEqual([
			['clean.min', 'pass'],
			['pgd-20-linf-3/255.min', 'pass'],
			['pgd-20-linf-3/255.max-drop', 'pass'],
			['audit.deterministic-forward', 'pass'],
			['audit.zero-gradient', 'pass'],
		])

		const vanilla = await runJson(gate(demo, path, 'vanilla', '--vanilla'))
		const zeroed = await runJson(gate(await withoutRefiners(), path, 'zeroed-out'))
		for (const { code, document } of [vanilla, zeroed]) {
			const found = document as GateVerdict
			expect([code, found.verdict]).toEqual([3, 'fail'])
			const failed = found.checks.find(({ id }) => id === 'pgd-20-linf-3/255.min')
			expect(failed).toMatchObject({ status: 'fail', decidedBy: 'certainty' })
			expect(failed?.images).toBeLessThan(50)
		}
		// A model that fails becomes no baseline.
		const refused = await runJson(gate(demo, path, 'vanilla', '--vanilla', '--update-baseline'))
		expect(refused.code).toBe(3)
		expect(JSON.parse(await readFile(join(folder, 'baseline.json'), 'utf8'))).toEqual(baseline)
	})

	it('neither passes nor fails over its time budget', async () => {
		const path = await written('hasty', {
			timeBudget: 0.001,
			attacks: [{ ...config.attacks[0], robust: { min: 0.2 } }],
		})
		const { code, document } = await runJson(gate(demo, path, 'hasty'))
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
		const { code, stderr, document } = await runJson(gate(resnet, path, 'onnx-out'), { env: actions })
		expect([code, (document as GateVerdict).subject.kind]).toEqual([3, 'onnx'])
		expect(stderr).toContain('::error file=onnx.json,title=naptune gate%3A pgd-5-linf-8/255.min::')
		expect(await readFile(summary, 'utf8')).toContain('## naptune gate: ❌ fail')
		expect(await readFile(output, 'utf8')).toBe('verdict=fail\n')
	})

	it('says what is wrong with a configuration', async () => {
		const attacks = [{ ...config.attacks[0], robust: {} }]
		const cases: readonly (readonly [object, string])[] = [
			[{ attacks }, 'demands nothing under pgd-20'],
			[{ attacks: [{ ...config.attacks[0], robust: { min: 0.99 } }] }, 'No model can reach min 0.99 on 50 images'],
			[{ baseline: undefined }, 'names no baseline'],
			[{ audit: { checks: ['zero-gradien'] } }, 'Did you mean zero-gradient?'],
			[{ attacks: [{ attack: 'pgd-100-targeted', epsilon: 0.1, robust: { min: 0.1 } }] }, 'needs a class to aim at'],
			[{ clean: { mim: 0.5 } }, 'mim'],
		]
		for (const [index, [changes, message]] of cases.entries()) {
			const { code, stderr } = await runCli(gate(demo, await written(`wrong-${index}`, changes), 'wrong'))
			expect([code, stderr], message).toEqual([1, expect.stringContaining(message)])
		}
		const none = await runCli(gate(demo, join(folder, 'none.json'), 'wrong'))
		expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('naptune gate init')])
		const foreign = await runCli(gate(folder, await written('gate-2', { baseline: undefined }), 'wrong'))
		expect([foreign.code, foreign.stderr]).toEqual([1, expect.stringContaining('neither a tuning run')])
	})

	it('writes a configuration that the model passes', async () => {
		const path = join(folder, 'made', 'naptune.gate.json')
		const cache = join(folder, 'made-cache')
		const options = ['--limit', '30', '--attack', 'pgd-5', '--no-audit', '--threads', '1', '--cache', cache]
		const made = await runJson(['gate', 'init', demo, '--config', path, ...options])
		expect(made.code).toBe(0)
		const { code, document } = await runJson(gate(demo, path, 'made-out', '--cache', cache))
		expect([code, (document as { attacked: number }).attacked]).toEqual([0, 0])
		const twice = await runCli(['gate', 'init', demo, '--config', path, ...options])
		expect([twice.code, twice.stderr]).toEqual([1, expect.stringContaining('--force')])
	})
})
