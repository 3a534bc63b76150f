import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { jobSchemaFiles } from './json-schemas.js'
import { jobs } from './registry.js'

const folder = fileURLToPath(new URL('../../schemas/jobs', import.meta.url))

describe('the JSON Schemas of jobs', () => {
	it('are those of the package: npm run schemas writes them', async () => {
		const files = jobSchemaFiles()
		expect((await readdir(folder)).sort()).toEqual([...files.keys()].sort())
		for (const [name, text] of files) expect((await readFile(join(folder, name), 'utf8')) === text, name).toBe(true)
	})

	it('are of every file in this folder that defines a job', async () => {
		const here = fileURLToPath(new URL('../../src/jobs', import.meta.url))
		const names: string[] = []
		for (const file of await readdir(here)) {
			if (!file.endsWith('.ts') || file.includes('.test.') || file === 'job.ts') continue
			names.push(
				...[...(await readFile(join(here, file), 'utf8')).matchAll(/defineJob(?:<.*>)?\(\{\n\tname: '(.*)'/g)].map(
					([, name]) => name ?? '',
				),
			)
		}
		expect(jobs.map(({ jobName }) => jobName)).toEqual(names.sort())
	})
})
