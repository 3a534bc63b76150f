import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

it("is the README's program, word for word", async () => {
	const blocks = [...(await readFile(file('README.md'), 'utf8')).matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code)
	expect(blocks).toContain(await readFile(file('src/examples/compare-records.ts'), 'utf8'))
})

it('says what tells two committed records apart', async () => {
	const records = ['3', '8'].map((levels) =>
		file(`results/demo/evaluations/nap-autoattack-linf-${levels}-255-test-200-seed1.json`),
	)
	const { stdout } = await promisify(execFile)(process.execPath, [file('dist/examples/compare-records.js'), ...records])
	expect(stdout).toMatch(/^nap \{\s+accuracy: [\d.]+/)
	expect(stdout).toMatch(/'threatModel\.epsilon \([\d.]+, was [\d.]+\)'/)
})
