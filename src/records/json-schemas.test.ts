import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { experimentSchemaFile } from '../experiments/json-schema.js'
import { jsonSchemaFiles, recordForms } from './json-schemas.js'

const folder = fileURLToPath(new URL('../../schemas', import.meta.url))

describe('the JSON Schemas of records', () => {
	it('are those of the package: npm run schemas writes them', async () => {
		const files = jsonSchemaFiles()
		const own = (await readdir(folder)).filter((name) => name.endsWith('.json') && name !== experimentSchemaFile)
		expect(own.sort()).toEqual([...files.keys()].sort())
		for (const [name, text] of files) expect((await readFile(join(folder, name), 'utf8')) === text, name).toBe(true)
	})

	it('say what every record is, and require what is not optional', () => {
		for (const [name, text] of jsonSchemaFiles()) {
			const schema = JSON.parse(text) as Record<string, unknown>
			expect(schema, name).toMatchObject({
				$schema: 'https://json-schema.org/draft/2020-12/schema',
				description: expect.stringMatching(/\.$/),
				type: 'object',
				required: expect.arrayContaining([expect.any(String)]),
			})
		}
		const { required, properties } = JSON.parse(jsonSchemaFiles().get('evaluation.schema.json') ?? '')
		expect(required).toEqual(expect.arrayContaining(['format', 'robust', 'outcomes']))
		expect(required).not.toContain('target')
		expect(properties.threatModel.properties.norm).toEqual({ type: 'string', enum: ['linf', 'l2'] })
	})

	it('are of every kind once', () => {
		const forms = Object.values(recordForms)
		expect(new Set(forms.map(({ schema }) => schema)).size).toBe(forms.length)
	})
})
