import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const runtime = new URL('../index.js', import.meta.url).href
const onnx = new URL('../../onnx/index.js', import.meta.url).href
const script = `
import { createEngine } from ${JSON.stringify(runtime)}
import { float32, ops } from ${JSON.stringify(onnx)}
const engine = await createEngine({ threads: 1 })
const program = await engine.compile({ y: ops.add(ops.input('x', 'float32', [2]), 1) })
const { y } = await program.run({ x: float32([2], [1, 2]) })
console.log(y.data.join())
await engine.close()
`

it('leaves no trace of its own in the home folder, and runs under a very long command line', async () => {
	const home = await mkdtemp(join(tmpdir(), 'naptune-home-'))
	const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env
	try {
		const args = ['--input-type=module', '--eval', script, '--', 'a'.repeat(100_000)]
		const { stdout } = await promisify(execFile)(process.execPath, args, {
			cwd: fileURLToPath(new URL('.', import.meta.url)),
			env: { ...env, HOME: home, XDG_CACHE_HOME: join(home, 'cache'), XDG_DATA_HOME: join(home, 'data') },
		})
		expect(stdout.trim()).toBe('2,3')
		expect(await readdir(home)).toEqual([])
	} finally {
		await rm(home, { recursive: true, force: true })
	}
})
