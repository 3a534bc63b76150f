import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reportPage } from '../../report/html/page/page.js'
import { readReportSource } from '../../report/html/report-source.js'
import { pagePath, reportParts, writeReport } from '../../report/html/write-report.js'
import { runCli, runJson, writeTinyRun } from '../cli.test.helper.js'

let folder: string
let run: string

interface Written {
	readonly kind: string
	readonly report: string
	readonly figures: string[]
	readonly tables: string[]
	readonly verdict: string[]
}

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-report-'))
	run = await writeTinyRun(folder)
	const evaluated = await runCli(['evaluate', run, '--attack', 'pgd-20', '--set', 'steps=2', '--threads', '1'])
	expect(evaluated.code, evaluated.stderr).toBe(0)
	const measured = await runCli(['distortion', run, '--set', 'steps=1', '--limit', '3', '--threads', '1'])
	expect(measured.code, measured.stderr).toBe(0)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function report(...args: string[]): Promise<{ written: Written; page: string }> {
	const { code, document, stderr } = await runJson(['report', ...args, '--threads', '1'])
	expect(code, stderr).toBe(0)
	expect(stderr).not.toMatch(/warn/i)
	const written = document as Written
	return { written, page: await readFile(written.report, 'utf8') }
}

describe('naptune report of a run', () => {
	it('shows evaluations, curves, distortion, gallery, protocol, provenance and commands, with files beside it', async () => {
		const { written, page } = await report(run, '--gallery', '2')
		expect(written).toMatchObject({ kind: 'run', report: join(run, 'report.html') })
		const headings = [...page.matchAll(/<h2 id="([^"]*)"/g)].map(([, id]) => id)
		expect(headings).toEqual(
			'contents results figures learning distortion gallery protocol tuning provenance records reproduce'.split(' '),
		)
		expect(written.verdict[0]).toMatch(
			/^Under pgd-20 \(steps 2\) at L-infinity 1\/255, nap gets [\d.]+ % of 6 images right/,
		)
		expect(page).toContain('<p class="verdict">Under pgd-20 (steps 2) at ')
		const log = (await readFile(join(run, 'log.jsonl'), 'utf8')).trim().split('\n')
		const { cleanLoss } = JSON.parse(log[0]!) as { cleanLoss: number }
		expect(page).toContain(`clean loss goes from ${cleanLoss.toFixed(3)}`)
		const description = JSON.parse(await readFile(join(run, 'run.json'), 'utf8'))
		expect(page).toContain(description.model.sha256)
		expect(page).toContain(`--set epochs=2`)
		expect(page).toContain('--attack pgd-20 --set steps=2 --epsilon 1/255 --split test')
		expect(page.match(/<article class="sample"/g)).toHaveLength(2)
		expect(page).toContain('data:image/png;base64,')
		expect(await readdir(join(run, 'gallery'))).toHaveLength(2)
		expect((await sharp(written.figures.find((path) => path.endsWith('.png'))).metadata()).format).toBe('png')
		for (const name of ['learning-curves.svg', 'distortion.png']) {
			expect(written.figures).toContain(join(run, 'figures', name))
		}
		for (const ending of ['md', 'csv', 'tex']) expect(written.tables.some((path) => path.endsWith(ending))).toBe(true)
	})

	it('repeats with the command that it shows', async () => {
		const { page } = await report(run, '--output', join(folder, 'again', 'my report.html'))
		const code = /<code>(naptune tune [^\n]*)\n/.exec(page)![1]!
		const words = code.replaceAll('&quot;', '"').replaceAll('&#39;', "'").split(' ').slice(1)
		const { code: ended, stderr } = await runCli([...words, '--threads', '1'])
		expect(ended, stderr).toBe(0)
		const parameters = (at: string) => readFile(join(at, 'parameters.safetensors'))
		expect(await parameters(`${run}-again`)).toEqual(await parameters(run))
	})

	it('goes on without a record that is damaged, and says so', async () => {
		const broken = join(run, 'evaluations', 'broken.json')
		await writeFile(broken, '{"format": 1}')
		const parts = await reportParts(await readReportSource(run))
		await rm(broken)
		const page = await reportPage(parts.document)
		expect(page).toMatch(/<b>Problem:<\/b> .*broken\.json is not an evaluation record/)
		expect(page).toContain('<h2 id="results"')
	})

	it('tells of a record that was edited on stderr, with an exit code of its own, quiet or not', async () => {
		const name = (await readdir(join(run, 'evaluations'))).find((file) => /^nap.*json$/.test(file))
		const path = join(run, 'evaluations', String(name))
		const whole = await readFile(path, 'utf8')
		await writeFile(path, whole.replace(/("robust": \{\s*"accuracy": )[\d.]+/, '$10.99'))
		const output = join(folder, 'edited')
		const ended = await runJson(['report', run, '--output', output, '--quiet']).finally(() => writeFile(path, whole))
		expect(ended.code).toBe(3)
		expect(ended.stderr).toMatch(/^problem: .* was changed: its accuracies do not follow from its outcomes\./)
		expect(ended.document).toMatchObject({ kind: 'run', problems: [expect.stringContaining('was changed')] })
		expect(await readFile(join(output, 'report.html'), 'utf8')).toContain('was changed')
	})
})

describe('naptune report of a record', () => {
	it('lies in a folder beside it', async () => {
		const name = (await readdir(join(run, 'evaluations'))).find((file) => /^nap.*json$/.test(file))!
		const source = await readReportSource(join(run, 'evaluations', name))
		const path = await pagePath(source)
		expect(path).toBe(join(run, 'evaluations', `${name.replace('.json', '')}-report`, 'report.html'))
		const { figures, tables } = await writeReport(source, path)
		expect(await readFile(path, 'utf8')).toContain(`naptune evaluate ${run} --attack pgd-20`)
		for (const file of [...figures, ...tables]) expect((await readFile(file)).length).toBeGreaterThan(0)
	})

	it('has no gallery', async () => {
		const name = (await readdir(join(run, 'evaluations'))).find((file) => file.endsWith('.json'))!
		const { code, stderr } = await runCli(['report', join(run, 'evaluations', name), '--gallery', '2'])
		expect([code, stderr]).toEqual([1, expect.stringContaining('Give its run')])
	})
})
