import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadExperiment } from '../../experiments/definition.js'
import type { ExperimentResult } from '../../experiments/experiment-result.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { sampleResult } from '../result.test.support.js'
import { hostileResult } from './report.test.support.js'
import { readReportSource } from './report-source.js'
import { pagePath, writeReport } from './write-report.js'

/** A folder of experiments with one in it. */
async function experiment(result: unknown): Promise<string> {
	const place = join(await temporaryFolder(), 'sample')
	await mkdir(place)
	await writeFile(join(place, 'result.json'), typeof result === 'string' ? result : JSON.stringify(result))
	return place
}

/** What reading that result says. */
async function refused(result: unknown): Promise<string> {
	const place = await experiment(result)
	return readReportSource(place).then(
		() => 'accepted',
		(error: Error) => error.message,
	)
}

describe('writeReport of an experiment', () => {
	it('shows tables and figures, what is missing, and the definition, and writes all of it beside the page', async () => {
		const place = await experiment(
			sampleResult({
				problems: [{ model: 'nano', dataset: 'cifar10-mini', method: 'nap', message: 'The disk is full.' }],
				changes: { shown: [{ method: 'nap', run: 'cells/gone', dataset: 'cifar10-mini' }] },
			}),
		)
		const source = await readReportSource(place)
		const path = await pagePath(source)
		expect(path).toBe(join(place, 'report.html'))
		const { figures, tables, verdict } = await writeReport(source, path)
		const page = await readFile(path, 'utf8')
		expect(page).toContain(`<p class="verdict">${verdict[0]!.replace(/ at .*/, '')}`)
		for (const text of ['1 cell could not be measured', 'The disk is full.', 'cells/gone is missing', 'sample-table']) {
			expect(page).toContain(text)
		}
		expect(tables).toContain(join(place, 'tables', 'cells.csv'))
		expect(figures.length).toBeGreaterThan(1)
		for (const file of [...figures, ...tables]) expect((await readFile(file)).length).toBeGreaterThan(0)
	})

	it('repeats what ran as the package has it by name, and anything else by a definition beside the page', async () => {
		const definition = JSON.parse(JSON.stringify(await loadExperiment('fig6-shots', { quick: true })))
		const changes = { name: 'fig6-shots', definition }
		const known = await readReportSource(await experiment(sampleResult({ layout: 'curve', changes })))
		const page = await pagePath(known)
		await writeReport(known, page)
		expect(await readFile(page, 'utf8')).toContain('<code>naptune reproduce fig6-shots --quick</code>')
		const own = { ...changes, definition: { ...definition, seeds: [7] } }
		const changed = await readReportSource(await experiment(sampleResult({ layout: 'curve', changes: own })))
		const folder = await temporaryFolder()
		await writeReport(changed, join(folder, 'a.html'))
		expect(await readFile(join(folder, 'a.html'), 'utf8')).toContain('naptune reproduce fig6-shots-definition.json')
		expect(await loadExperiment(join(folder, 'fig6-shots-definition.json'))).toEqual(own.definition)
	})

	it('survives hostile names in files and folders', async () => {
		const place = await experiment(hostileResult())
		const output = join(place, 'own "page".html')
		const source = await readReportSource(join(place, 'result.json'))
		const { figures, tables } = await writeReport(source, await pagePath(source, output))
		for (const file of [...figures, ...tables]) expect(file).toMatch(/\/(figures|tables)\/[A-Za-z0-9.-]+$/)
		expect(await readFile(output, 'utf8')).not.toContain('<script')
	})

	it('goes into the folder or file that is asked for', async () => {
		const source = await readReportSource(await experiment(sampleResult()))
		const folder = await temporaryFolder()
		expect(await pagePath(source, join(folder, 'new'))).toBe(join(folder, 'new', 'report.html'))
		expect(await pagePath(source, join(folder, 'a.HTML'))).toBe(join(folder, 'a.HTML'))
		await writeFile(join(folder, 'run.json'), '{}')
		await expect(pagePath(source, join(folder, 'run.json'))).rejects.toThrow(/is a file\. Give a folder/)
	})
})

describe('readReportSource', () => {
	it('says what is wrong with what it is given', async () => {
		const folder = await temporaryFolder()
		await expect(readReportSource(join(folder, 'none'))).rejects.toThrow(/does not exist\. Give the folder of an exp/)
		await expect(readReportSource(folder)).rejects.toThrow(/neither an experiment nor a run/)
		await writeFile(join(folder, 'other.json'), '{"a": 1}')
		await expect(readReportSource(join(folder, 'other.json'))).rejects.toThrow(/nor an evaluation record/)
		expect(await refused('{"layout": 1, "cells": []}')).toMatch(/not the result of an experiment/)
		expect(await refused('{')).toMatch(/not valid JSON/)
	})

	it('takes only results whose cells are of what they list, and whose paths stay inside', async () => {
		const result = sampleResult()
		const [cell] = result.cells
		const withCell = (changes: object): ExperimentResult => ({ ...result, cells: [{ ...cell!, ...changes }] })
		expect(await refused(withCell({}))).toBe('accepted')
		expect(await refused(withCell({ method: 'other' }))).toMatch(
			/has the method "other", which the result does not list/,
		)
		expect(await refused(withCell({ accuracy: 41 }))).toMatch(/not the result of an experiment/)
		for (const record of ['../../secret.json', '/etc/passwd', 'a/../../b', 'C:\\x', '..\\x']) {
			expect(await refused(withCell({ seeds: [{ ...cell!.seeds[0]!, record }] }))).toMatch(/path below the folder/)
		}
	})
})
