import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { summarize } from '../../evaluation/robustness/evaluate.js'
import { runCli, runJson, startCli, writeTinyRun } from '../cli.test.helper.js'

interface Row {
	readonly defense: string
	readonly attack: string
	readonly knowledge: string
	readonly attackerKnows: string
	readonly clean: { readonly accuracy: number }
	readonly robust: { readonly accuracy: number }
	readonly reached?: { readonly accuracy: number }
	readonly stages?: readonly { readonly stage: string; readonly robust: { readonly accuracy: number } }[]
	readonly passes: { readonly evaluations: number; readonly gradients: number }
	readonly record: string
}

let folder: string
let output: string

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-attacks-'))
	output = await writeTinyRun(folder)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const rowsOf = (document: unknown) => (document as { rows: readonly Row[] }).rows
const recordOf = async ({ record }: Row) => JSON.parse(await readFile(record, 'utf8')) as Record<string, unknown>
const short = ['steps=3', 'queries=20', 'targets=1'].flatMap((set) => ['--set', set])
const autoAttack = ['--attack', 'autoattack', ...short, '--epsilon', '4/255', '--split', 'train', '--threads', '1']

describe('evaluate under AutoAttack', () => {
	it('shows what every stage left, in JSON and as a table', async () => {
		const { code, document } = await runJson(['evaluate', output, ...autoAttack])
		expect(code).toBe(0)
		for (const row of rowsOf(document)) {
			expect(row.stages!.map(({ stage }) => stage)).toEqual(['apgd-ce', 'apgd-t (margin)', 'fab-t', 'square'])
			const shares = [row.clean, ...row.stages!.map(({ robust }) => robust)].map(({ accuracy }) => accuracy)
			expect(shares).toEqual([...shares].sort((a, b) => b - a))
			expect(shares.at(-1)).toBe(row.robust.accuracy)
			expect(row.passes.evaluations).toBeGreaterThan(0)
		}
		const { stdout } = await runCli(['evaluate', output, ...autoAttack, '--no-vanilla'])
		expect(stdout).toMatch(/^nap +clean +\d/m)
		expect(stdout).toMatch(/^ +apgd-t \(margin\) +\d+ +\d+\.\d % \[/m)
		expect(stdout).toMatch(/nap: [\d,]+ images passed forward, [\d,]+ forward and backward/)
	})

	it('survives kill -9 with the same outcomes and kept images', async () => {
		const args = (images: string) => [
			...['evaluate', output, ...autoAttack, '--no-vanilla', '--batch-size', '2', '--seed', '5'],
			...['--keep-images', join(folder, images)],
		]
		const whole = await runJson(args('whole'))
		const [expected] = rowsOf(whole.document)
		const outcomes = (await recordOf(expected!)).outcomes
		await rm(expected!.record)
		const running = startCli(args('parts'))
		// The log is there once the first batch is.
		const log = `${expected!.record}.outcomes.jsonl`
		while (!existsSync(log) || (await readFile(log, 'utf8')).split('"round"').length < 11) {
			await new Promise((resolve) => setTimeout(resolve, 5))
		}
		running.process.kill('SIGKILL')
		await running.finished
		expect(existsSync(expected!.record)).toBe(false)
		const resumed = await runJson(args('parts'))
		expect(resumed.code, resumed.stderr).toBe(0)
		const [row] = rowsOf(resumed.document)
		expect((await recordOf(row!)).outcomes).toEqual(outcomes)
		// What the killed process had finished counts, and is not done again.
		expect(row!.passes).toEqual(expected!.passes)

		// Not only the same images: the same files of them.
		const filesOf = async (images: string) => {
			const store = join(folder, images, 'nap-autoattack-full')
			const names = (await readdir(store)).filter((name) => name.endsWith('.safetensors')).sort()
			return Promise.all(names.map(async (name) => [name, (await readFile(join(store, name))).toString('base64')]))
		}
		expect(await filesOf('parts')).toEqual(await filesOf('whole'))

		// What was stored, scored again, has every flag; it is a transfer to the control.
		for (const images of ['whole', 'parts']) {
			const store = join(folder, images, 'nap-autoattack-full')
			const scored = await runJson(['evaluate', output, '--images', store, '--split', 'train'])
			expect(scored.code, scored.stderr).toBe(0)
			const [vanilla, nap] = rowsOf(scored.document)
			expect(vanilla).toMatchObject({ defense: 'vanilla', knowledge: 'transfer' })
			const flags = (own: unknown) => (own as { id: string; adversarialPrediction: number }[]).map((one) => one)
			const stripped = (own: unknown) =>
				flags(own).map(({ id, adversarialPrediction }) => ({ id, adversarialPrediction }))
			expect(stripped((await recordOf(nap!)).outcomes)).toEqual(stripped(outcomes))
		}
		const store = ['--images', join(folder, 'whole', 'nap-autoattack-full'), '--split', 'train', '--no-vanilla']
		const around = await runJson(['evaluate', output, ...store, '--test-time', 'ttc'])
		expect(around.code, around.stderr).toBe(0)
		expect(rowsOf(around.document).map(({ attackerKnows }) => attackerKnows)).toEqual(['other models', 'other models'])
	})

	it('tries an attack by queries on a test-time defense as well', async () => {
		const square = ['--attack', 'square', '--set', 'queries=5', '--epsilon', '4/255', '--limit', '3', '--no-vanilla']
		const { code, document, stderr } = await runJson(['evaluate', output, ...square, '--test-time', 'ttc'])
		expect(code, stderr).toBe(0)
		expect(rowsOf(document).map(({ knowledge }) => knowledge)).toEqual(['query', 'query'])
	})
})

describe('evaluate, again', () => {
	const args = () => ['evaluate', output, '--attack', 'pgd-5', '--epsilon', '4/255', '--limit', '3', '--seed', '11']

	it('reads finished rows from their records, and tells where images are kept', async () => {
		const first = await runJson(args())
		const second = await runJson([...args(), '--knowledge', 'full,full'])
		expect(second.code, second.stderr).toBe(0)
		// Time that was spent is part of a record, and never the same twice.
		expect(rowsOf(second.document)).toEqual(rowsOf(first.document))
		const kept = await runCli([...args(), '--no-vanilla', '--keep-images', join(folder, 'few')])
		expect(kept.stdout).toContain(`  ${join(folder, 'few', 'nap-pgd-5-full')}\n`)
	})

	it('keeps the images of every row in a store of its own', async () => {
		const stores = join(folder, 'rows')
		const around = ['--no-vanilla', '--test-time', 'ttc', '--keep-images', stores]
		const { code, stderr } = await runCli([...args(), ...around])
		expect(code, stderr).toBe(0)
		const aims = ['--attack', 'pgd-100-targeted', '--set', 'steps=2', '--no-vanilla', '--keep-images', stores]
		const [first, second] = ['red_thing', 'green_thing']
		for (const target of [first!, second!])
			expect((await runCli([...args(), ...aims, '--target', target])).code).toBe(0)
		expect((await readdir(stores)).sort()).toEqual([
			'nap+ttc-pgd-5-full',
			'nap+ttc-pgd-5-transfer',
			'nap-pgd-100-targeted-to1-full',
			'nap-pgd-100-targeted-to2-full',
			'nap-pgd-5-full',
		])
	})

	it('tries the images that a store holds, whatever their choice was', async () => {
		const scored = await runJson(['evaluate', output, '--images', join(folder, 'few', 'nap-pgd-5-full')])
		expect(scored.code, scored.stderr).toBe(0)
		const few = { images: 3, seed: 11, store: join(folder, 'few', 'nap-pgd-5-full') }
		expect(scored.document).toMatchObject(few)
		const other = await runCli(['evaluate', output, '--images', few.store, '--split', 'train'])
		expect(other.code).toBe(1)
		expect(other.stderr).toMatch(/have no stored adversarial image/)
	})
})

describe('evaluate at several levels of knowledge', () => {
	it('gives a row for each, with an attack that the knowledge is enough for', async () => {
		const levels = 'encoder-only,prompt-aware,full,transfer,query'
		const args = ['evaluate', output, '--attack', 'pgd-5', '--epsilon', '4/255', '--limit', '3', '--threads', '1']
		const { code, document, stderr } = await runJson([...args, '--knowledge', levels])
		expect(code, stderr).toBe(0)
		const rows = rowsOf(document)
		expect(rows.map(({ defense, knowledge, attack }) => `${defense} ${knowledge} ${attack}`)).toEqual([
			'vanilla encoder-only feature-pgd',
			'nap encoder-only feature-pgd',
			'nap prompt-aware pgd-5',
			'vanilla full pgd-5',
			'nap full pgd-5',
			'nap transfer pgd-5',
			'vanilla query square',
			'nap query square',
		])
		expect(rows.map((row) => row.attackerKnows)).toEqual([
			'the image encoder',
			'the image encoder',
			'the prompts only',
			'everything',
			'everything',
			'vanilla CLIP instead',
			'answers to queries',
			'answers to queries',
		])
		expect(await recordOf(rows[2]!)).toMatchObject({ knowledge: 'prompt-aware', knownModel: { name: 'nap' } })
		const table = await runCli([...args, '--knowledge', 'prompt-aware,full', '--no-vanilla'])
		expect(table.stdout).toMatch(/^nap +the prompts only +\d/m)
		expect(table.stdout).toMatch(/^nap +everything +\d/m)
	})

	it('says what does not fit together', async () => {
		const run = (...more: string[]) => runCli(['evaluate', output, '--limit', '3', ...more])
		const cases: [string[], number, RegExp][] = [
			[['--knowledge', 'everything'], 2, /Unknown: everything; choose among encoder-only/],
			[['--attack', 'square', '--knowledge', 'full'], 1, /square does not fit the knowledge full/],
			[['--attack', 'mi-cwa'], 2, /naptune generate STORE --attack mi-cwa/],
			[['--epsilon', '300'], 2, /exceeds the pixel range/],
			[['--images', folder, '--attack', 'pgd-5'], 2, /cannot be used with/],
			[['--norm', 'l2'], 1, /Give --epsilon with L2/],
			[['--attack', 'pgd-100-targeted'], 1, /name the target class with --target, such as/],
			[['--target', 'red_thing'], 1, /is not targeted, so --target red_thing would have no effect/],
			[['--attack', 'pgd-100-targeted', '--target', 'teapot'], 1, /no class teapot/],
			[['--images', join(folder, 'photos')], 1, /holds no adversarial images/],
			[['--knowledge', 'full', '--test-time', 'ttc'], 1, /omit --knowledge/],
		]
		for (const [args, expected, message] of cases) {
			const { code, stderr } = await run(...args)
			expect(stderr).toMatch(message)
			expect(code).toBe(expected)
		}
	})

	it('aims at a class, and counts how many images get there', async () => {
		const args = ['evaluate', output, '--attack', 'pgd-100-targeted', '--target', 'red_thing', '--set', 'steps=10']
		const { code, document, stderr } = await runJson([...args, '--epsilon', '32/255', '--split', 'train'])
		expect(code, stderr).toBe(0)
		const [vanilla] = rowsOf(document)
		expect(vanilla!.reached!.accuracy).toBeGreaterThan(0.5)
		const record = (await recordOf(vanilla!)) as unknown as {
			target: number
			outcomes: { label: number; attacked: boolean; adversarialPrediction: number }[]
		}
		const others = record.outcomes.filter(({ label, attacked }) => attacked && label !== record.target)
		const there = others.filter(({ adversarialPrediction }) => adversarialPrediction === record.target)
		expect(vanilla!.reached!.accuracy).toBe(there.length / others.length)
	})

	it('attacks in L2', async () => {
		const args = ['evaluate', output, '--attack', 'pgd-20', '--norm', 'l2', '--epsilon', '2', '--split', 'train']
		const { code, document } = await runJson(args)
		expect(code).toBe(0)
		expect(document).toMatchObject({ norm: 'l2', epsilon: 2 })
		for (const { record } of rowsOf(document)) expect(record).toContain('-l2-2-train-')
		for (const { clean, robust } of rowsOf(document)) expect(robust.accuracy).toBeLessThan(clean.accuracy)
	})
})

describe('evaluate --verify', () => {
	const args = ['evaluate', '--threads', '1', '--verify']
	const quick = ['--attack', 'pgd-5', '--epsilon', '4/255', '--split', 'train', '--threads', '1']

	it('computes a record again, and ends with 3 where an image is not as it says', async () => {
		const { document } = await runJson(['evaluate', output, ...quick])
		const row = rowsOf(document).find(({ defense }) => defense === 'nap')
		const record = await recordOf(row!)
		const whole = await runCli([...args, row!.record, output])
		expect([whole.code, whole.stdout]).toEqual([0, expect.stringMatching(/^As recorded: all 9 images were recomputed/)])

		// Consistent in itself: `report` cannot tell.
		const outcomes = record.outcomes as { adversarialPrediction: number; id: string }[]
		const last = outcomes.at(-1)!
		const lie = join(folder, 'lie.json')
		const changed = { ...last, adversarialPrediction: (last.adversarialPrediction + 1) % 3, stage: undefined }
		await writeFile(
			lie,
			JSON.stringify({
				...record,
				...summarize([...outcomes.slice(0, -1), changed] as never),
				outcomes: [...outcomes.slice(0, -1), changed],
			}),
		)
		const found = await runJson([...args, lie, output])
		expect(found.code).toBe(3)
		expect(found.document).toMatchObject({
			of: 9,
			differences: expect.arrayContaining([expect.objectContaining({ id: last.id, field: 'adversarialPrediction' })]),
		})
		const part = await runJson([...args, row!.record, output, '--share', '0.3', '--seed', '4'])
		expect([part.code, part.document]).toEqual([0, expect.objectContaining({ images: 3, of: 9, differences: [] })])
	})

	it('takes no options that the record decides', async () => {
		for (const [more, message] of [
			[['--attack', 'pgd-5'], /decides this itself; remove --attack/],
			[['--share', '2'], /above 0 and at most 1/],
		] as const) {
			const { code, stderr } = await runCli([...args, 'record.json', output, ...more])
			expect([code, stderr]).toEqual([2, expect.stringMatching(message)])
		}
		const { code, stderr } = await runCli(['evaluate', output, '--share', '0.5'])
		expect([code, stderr]).toEqual([2, expect.stringMatching(/--share needs --verify/)])
	})
})
