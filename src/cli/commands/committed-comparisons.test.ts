import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { compare } from '../../jobs/compare.js'
import type { JobResult } from '../../jobs/job.js'
import type { report } from '../../jobs/report.js'
import type { ExperimentResult } from '../../records/experiment.js'
import { runCli, runJson } from '../cli.test.helper.js'

const committed = fileURLToPath(new URL('../../../results', import.meta.url))
let folder: string
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-committed-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Every file but the result, with when it was written. */
async function filesOf(root: string): Promise<Record<string, number>> {
	const names = (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
	const paths = names
		.map((entry) => join(entry.parentPath, entry.name))
		.filter((path) => path !== join(root, 'result.json'))
	return Object.fromEntries(await Promise.all(paths.map(async (path) => [path, (await stat(path)).mtimeMs])))
}

/** What a comparison of an earlier version said. */
interface Earlier {
	readonly methods: readonly {
		readonly defense: string
		readonly trainableParameters: number
		readonly clean: object
		readonly robust: object
		readonly paired: { readonly p: number } | null
		readonly tuningSeconds: number
	}[]
}

describe.each(['fair', 'ablation'])('the committed comparison %s', (name) => {
	it('is read, not computed again, whatever version made it, and says the same', async () => {
		const output = join(folder, name)
		await cp(join(committed, name), output, { recursive: true, preserveTimestamps: true })
		// As if it were of another version.
		for (const method of ['vanilla', 'nap']) {
			const evaluations = join(output, method, 'evaluations')
			const records = (await readdir(evaluations)).filter((file) => /^(vanilla|nap)-pgd-100-linf/.test(file))
			expect(records).toHaveLength(1)
			for (const file of records) {
				const record = JSON.parse(await readFile(join(evaluations, file), 'utf8'))
				const versions = { ...record.versions, naptune: '0.0.9' }
				await writeFile(join(evaluations, file), JSON.stringify({ ...record, versions }))
			}
		}
		const before = await filesOf(output)
		const { code, document, stderr } = await runJson([
			'compare',
			'--preset',
			name,
			'--output',
			output,
			'--threads',
			'1',
		])
		expect([code, stderr.match(/Tuning|epoch|error/)]).toEqual([0, null])
		expect(await filesOf(output)).toEqual(before)

		const { methods } = document as JobResult<typeof compare>
		const earlier = JSON.parse(await readFile(join(committed, name, 'comparison.json'), 'utf8')) as Earlier
		expect(methods.map(({ paired, evaluationSeconds: _, ...rest }) => ({ ...rest, p: paired?.p }))).toEqual(
			earlier.methods.map(({ defense, trainableParameters, clean, robust, paired, tuningSeconds }) => ({
				...{ defense, trainableParameters, clean, robust, tuningSeconds, p: paired?.p },
			})),
		)
		// As it is committed, but for the version that was changed above.
		const results = await Promise.all(
			[committed, folder].map(async (root) => JSON.parse(await readFile(join(root, name, 'result.json'), 'utf8'))),
		)
		const [own, made] = results as [ExperimentResult, ExperimentResult]
		expect({ ...made, provenance: { ...made.provenance, naptune: own.provenance.naptune } }).toEqual(own)
	})

	it('has a report with figures, tables and a verdict', async () => {
		const output = join(folder, `${name}-report`)
		const { code, document, stderr } = await runJson(['report', join(committed, name), '--output', output])
		expect([code, stderr]).toEqual([0, ''])
		const { kind, figures, tables, verdict } = document as JobResult<typeof report>
		expect(kind).toBe('experiment')
		expect(verdict).toEqual([
			expect.stringMatching(
				/^Under PGD-100 at L-infinity epsilon 3\/255, (NAP|gate by token), the best of [89] tuned models/,
			),
		])
		const named = [...figures, ...tables].map((path) => basename(path))
		for (const file of ['learning-curves.svg', 'paired.md', 'costs.csv', 'accuracy.tex']) expect(named).toContain(file)
		const page = await readFile(join(output, 'report.html'), 'utf8')
		expect(page).toContain(`naptune compare${name === 'fair' ? '' : ` --preset ${name}`}`)
	})
})

it('names the records of an earlier version that has no result', async () => {
	const old = join(folder, 'old')
	await cp(join(committed, 'fair'), old, { recursive: true })
	await rm(join(old, 'result.json'))
	const { code, stderr } = await runCli(['report', old])
	expect([code, stderr]).toEqual([1, expect.stringContaining(`naptune compare --preset fair --output ${old}`)])
})

it('says which record of a run without parameters was changed, and reads the others', async () => {
	const output = join(folder, 'edited')
	await cp(join(committed, 'fair'), output, { recursive: true })
	const path = join(output, 'coop', 'evaluations', 'coop-pgd-100-linf-3-255-test-500-seed1.json')
	const record = await readFile(path, 'utf8')
	await writeFile(path, record.replace(/("robust": \{\s*"accuracy": )[\d.]+/, '$10.9'))
	const { code, document, stderr } = await runJson(['compare', '--output', output])
	expect([code, stderr.match(/Tuning/)]).toEqual([3, null])
	expect(stderr).toMatch(/problem: coop on cifar10-mini, seed 1, pgd-100: .*was changed/)
	const { methods, problems } = document as JobResult<typeof compare>
	expect(problems.map(({ method }) => method)).toEqual(['coop'])
	expect(methods).toHaveLength(8)
})
