import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defenses } from '../../defenses/registry.js'
import { presetNames } from '../../methods/tuning/presets.js'
import { runCli, runJson, writeTinyModel } from '../cli.test.helper.js'

let folder: string
let model: string
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-defenses-'))
	model = join(folder, 'model')
	await writeTinyModel(model)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('listing defenses', () => {
	it('says what each learns, how much on this model, and where it comes from', async () => {
		const { code, stdout, stderr } = await runCli(['defenses', '--model', model])
		expect(code).toBe(0)
		expect(stderr).toBe('')
		for (const { name, doc, source } of defenses.values()) {
			expect(stdout).toMatch(new RegExp(`^${name} +[\\d,]+  `, 'm'))
			expect(stdout).toContain(doc)
			expect(stdout).toContain(source)
		}
		// 16 vectors of width 16 and 32 of them.
		expect(stdout).toMatch(/^coop +256 /m)
		expect(stdout).toMatch(/^advpt +512 /m)
		expect(stdout).toMatch(/^nap +3,168 /m)
		expect(stdout).toContain(`Parameters at default options on ${model}.`)
		expect(stdout).not.toContain('(version ')
	})

	it('lists presets, too', async () => {
		const { code, stdout } = await runCli(['defenses', '--model', model, '--presets'])
		expect(code).toBe(0)
		for (const name of await presetNames()) expect(stdout).toMatch(new RegExp(`^${name} \\(version \\d+\\): `, 'm'))
	})

	it('is one JSON document with parameters by part', async () => {
		const { code, document } = await runJson(['defenses', '--model', model])
		expect(code).toBe(0)
		const { defenses: rows, ...rest } = document as {
			model: string
			presets: { name: string; version: number; doc: string }[]
			defenses: {
				name: string
				trainableParameters: number
				parts: Record<string, number>
				loss: string | null
				options: Record<string, unknown>
			}[]
		}
		expect(rest.model).toBe(model)
		expect(rest.presets.map(({ name }) => name)).toEqual(await presetNames())
		expect(rows.map(({ name }) => name)).toEqual([...defenses.keys()])
		for (const { name, trainableParameters, parts, loss } of rows) {
			expect(Object.values(parts).reduce((sum, count) => sum + count, 0)).toBe(trainableParameters)
			expect(loss === null, name).toBe(name === 'vanilla')
		}
		const of = (name: string) => rows.find((row) => row.name === name)!
		expect(of('vanilla')).toMatchObject({
			trainableParameters: 0,
			parts: {},
			options: { templates: expect.any(Array) },
		})
		expect(of('coop')).toMatchObject({ trainableParameters: 256, options: { textPrompts: 16 } })
		// 16 vectors before both blocks of both towers; one refiner d, 2d, d in each, before the second block.
		const refiner = 2 * 2 * 16 ** 2 + 3 * 16
		expect(of('nap').parts).toEqual({
			'text context': 2 * 16 * 16,
			'visual context': 2 * 16 * 16,
			'text refiner': refiner,
			'visual refiner': refiner,
		})
	})

	it('refuses a model that is none', async () => {
		const { code, stderr } = await runCli(['defenses', '--model', folder])
		expect(code).toBe(1)
		expect(stderr).toMatch(/^error: /m)
	})
})
