import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { writePhotos, writeTinyModel } from '../cli/cli.test.helper.js'

const program = fileURLToPath(new URL('./own-images.js', import.meta.url))
const source = fileURLToPath(new URL('../../src/examples/own-images.ts', import.meta.url))
const readme = fileURLToPath(new URL('../../README.md', import.meta.url))

it("is the README's program, word for word", async () => {
	const blocks = [...(await readFile(readme, 'utf8')).matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code)
	expect(blocks).toContain(await readFile(source, 'utf8'))
})

it('tunes and measures a folder of images', async () => {
	const folder = await mkdtemp(join(tmpdir(), 'naptune-example-'))
	try {
		// An existing folder wins over the hub: a small model stands in where the program names a large one.
		await writeTinyModel(join(folder, 'openai', 'clip-vit-base-patch16'))
		await writePhotos(join(folder, 'photos'), ['red_thing', 'green_thing'], 4)
		const { stdout } = await promisify(execFile)(process.execPath, [program], { cwd: folder })
		expect(stdout).toMatch(/clean: \{ accuracy: [\d.]+/)
		expect(stdout).toMatch(/robust: \{ accuracy: [\d.]+/)
		expect(existsSync(join(folder, 'runs', 'photos', 'parameters.safetensors'))).toBe(true)
	} finally {
		await rm(folder, { recursive: true, force: true })
	}
})
