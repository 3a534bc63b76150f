import { readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runCli, runJson } from '../cli.test.helper.js'

// The embedded model and data for a moment: what the numbers are is the demo's own business, its form is a contract.
it('prints the documented JSON and nothing else', async () => {
	const output = join(tmpdir(), `naptune-demo-${process.pid}`)
	const small = ['--shots', '2', '--epochs', '1', '--images', '10']
	try {
		const { code, document, stderr } = await runJson(['demo', ...small, '--quiet', '--output', output])
		expect(stderr).toBe('')
		expect(code).toBe(0)
		const accuracy = expect.toSatisfy((value: number) => value >= 0 && value <= 1)
		const row = (defense: string) => ({
			defense,
			attack: 'pgd-100',
			cleanAccuracy: accuracy,
			robustAccuracy: accuracy,
			interval: [accuracy, accuracy],
			clean: { accuracy, interval: [accuracy, accuracy] },
			robust: { accuracy, interval: [accuracy, accuracy] },
			seconds: expect.any(Number),
		})
		expect(document).toEqual({
			output,
			epsilon: expect.any(Number),
			images: 10,
			seed: 1,
			seconds: expect.any(Number),
			notices: [],
			rows: [row('vanilla'), row('nap')],
		})
		expect(await readdir(join(output, 'evaluations'))).toHaveLength(2)

		// A finished demo is not overwritten, and resuming it only prints the table.
		expect((await runCli(['demo', ...small, '--output', output])).code).toBe(1)
		const again = await runCli(['demo', ...small, '--output', output, '--resume'])
		expect(again.code).toBe(0)
		expect(again.stdout).toMatch(/^vanilla .*\nnap .*\n\n10 test images/m)
		expect(again.stderr).toContain('a seeded choice of 10 of 1,000 test images')
	} finally {
		await rm(output, { recursive: true, force: true })
	}
})
