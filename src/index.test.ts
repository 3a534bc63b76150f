import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import * as naptune from './index.js'
import * as inJobs from './jobs/index.js'
import { jobs } from './jobs/registry.js'

const camelCase = (name: string) => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())

it.each(jobs.map((job) => [camelCase(job.jobName), job] as const))('%s is a function of the library', (name, job) => {
	expect(naptune).toHaveProperty(name, expect.any(Function))
	expect(inJobs).toHaveProperty(name, job)
})

it('a job of the library is the job: it says what is wrong with its input', async () => {
	const unknown: object = { run: 'runs/photos', attak: 'pgd-100' }
	await expect(naptune.evaluate(unknown as { run: string })).rejects.toMatchObject({
		code: 'NAP_OPTION_UNKNOWN',
		message: expect.stringContaining('Did you mean attack?'),
	})
})

it('has only subpaths whose files are there', async () => {
	const { exports } = JSON.parse(
		await readFile(fileURLToPath(new URL('../package.json', import.meta.url)), 'utf8'),
	) as { readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>> }
	const files = Object.values(exports).flatMap((place) => (typeof place === 'string' ? [] : [place.default]))
	expect(files.length).toBeGreaterThan(10)
	for (const file of files) {
		await expect(readFile(fileURLToPath(new URL(`../${file}`, import.meta.url)))).resolves.toBeDefined()
	}
})
