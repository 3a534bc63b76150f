import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { writePhotos } from '../cli/cli.test.helper.js'

const program = fileURLToPath(new URL('./attack-onnx.js', import.meta.url))
const source = fileURLToPath(new URL('../../src/examples/attack-onnx.ts', import.meta.url))
const readme = fileURLToPath(new URL('../../README.md', import.meta.url))
const model = fileURLToPath(
	new URL('../../fixtures/onnx-classifiers/shufflenet-torchscript-opset17.onnx', import.meta.url),
)

it("is the README's program, word for word", async () => {
	const blocks = [...(await readFile(readme, 'utf8')).matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code)
	expect(blocks).toContain(await readFile(source, 'utf8'))
})

it('attacks a model on a folder of images', async () => {
	const folder = await mkdtemp(join(tmpdir(), 'naptune-example-'))
	try {
		await copyFile(model, join(folder, 'model.onnx'))
		await writePhotos(join(folder, 'photos'), ['a', 'b', 'c', 'd', 'e'], 2)
		const { stdout } = await promisify(execFile)(process.execPath, [program], { cwd: folder })
		const [name] = await readdir(join(folder, 'attacks'))
		const path = join(folder, 'attacks', name ?? '')
		expect(stdout).toContain(name)
		const record = JSON.parse(await readFile(path, 'utf8')) as {
			clean: { accuracy: number }
			outcomes: unknown[]
		}
		expect(stdout).toContain(`accuracy: ${record.clean.accuracy}`)
		expect(record.outcomes).toHaveLength(10)
	} finally {
		await rm(folder, { recursive: true, force: true })
	}
})
