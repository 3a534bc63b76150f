import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AuditResult } from '../../records/audit.js'
import { runCli, runJson, writeTinyRun } from '../cli.test.helper.js'
import { auditReport } from '../text/audit-report.js'

let folder: string
let run: string

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-audit-'))
	run = await writeTinyRun(folder)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('naptune audit', () => {
	const args = () => ['audit', run, '--quick', '--split', 'train', '--limit', '6', '--threads', '1']

	it('fails with a report of a model with random weights, whose control no attack of 1/255 breaks', async () => {
		const { code, stdout } = await runCli(args())
		expect(code).toBe(3)
		expect(stdout).toMatch(/^deterministic-forward +pass +6 /m)
		expect(stdout).toMatch(/^undefended-control +FAIL +6 +accuracy .* at 1\/255 \(below 2\.0 % expected\)$/m)
		expect(stdout).toMatch(/^FAIL undefended-control\n {2}Expected: .*\n {2}What to do: /m)
		expect(stdout).toContain('cannot be trusted')
		expect(stdout).toContain('6 train images of photos, L-infinity epsilon 1/255, seed 1')
	})

	it('gives one document with --json, the same as in the record', async () => {
		const { code, document } = await runJson(args())
		expect(code).toBe(3)
		const { passed, results, record, images } = document as {
			passed: boolean
			results: AuditResult[]
			record: string
			images: number
		}
		expect([passed, images]).toEqual([false, 6])
		const written = JSON.parse(await readFile(record, 'utf8')) as { results: AuditResult[] }
		expect(written.results).toEqual(results)
	})
})

describe('auditReport', () => {
	const result = (id: string, status: AuditResult['status']): AuditResult => ({
		id,
		status,
		meaning: 'It is so.',
		advice: 'Do this.',
		summary: 'line one\n  line two',
		images: 3,
		measured: {},
	})

	it('ends well without failures, and claims no proof', () => {
		const text = auditReport([result('a-check', 'pass'), result('b-check', 'information')])
		expect(text).toMatch(/^a-check +pass +3 +line one; line two$/m)
		expect(text).not.toContain('What to do')
		expect(text).toContain('1 passed, 0 warned, 0 failed, 0 not applicable')
		expect(text).toContain('This does not prove robustness')
	})
})
