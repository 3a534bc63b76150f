import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { experimentJsonSchema, experimentSchemaFile } from './json-schema.js'

const file = fileURLToPath(new URL(`../../schemas/${experimentSchemaFile}`, import.meta.url))

it('the schema of the package is that of the reader; npm run schemas writes it', async () => {
	const text = `${JSON.stringify(experimentJsonSchema(), null, '\t')}\n`
	expect((await readFile(file, 'utf8')) === text).toBe(true)
})

it('describes every entry', async () => {
	const { properties } = JSON.parse(await readFile(file, 'utf8')) as {
		readonly properties: Readonly<Record<string, { readonly description?: string }>>
	}
	const silent = Object.entries(properties).filter(([, { description = '' }]) => description.length < 10)
	expect(silent.map(([name]) => name)).toEqual([])
	expect(Object.keys(properties)).toContain('quick')
})
