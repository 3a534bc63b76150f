import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { engineVersion } from './native-library.js'

const dist = fileURLToPath(new URL('../..', import.meta.url))
const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url))
let root: string

/** An installation of the compiled package in which onnxruntime-node is missing. */
beforeAll(() => {
	root = mkdtempSync(join(tmpdir(), 'naptune-fallback-'))
	writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
	for (const part of ['core', 'onnx', 'runtime']) {
		cpSync(join(dist, part), join(root, 'dist', part), {
			recursive: true,
			filter: (file) => !/\.(test|map|d\.ts)\b/.test(file),
		})
	}
	mkdirSync(join(root, 'node_modules'))
	for (const name of readdirSync(modules)) {
		if (name !== 'onnxruntime-node') symlinkSync(join(modules, name), join(root, 'node_modules', name))
	}
})
afterAll(() => rmSync(root, { recursive: true }))

const run = (code: string) =>
	spawnSync(
		process.execPath,
		[
			'--input-type=module',
			'-e',
			`import { createEngine } from './dist/runtime/index.js'\nimport { float32, ops } from './dist/onnx/index.js'\n${code}`,
		],
		{ cwd: root, encoding: 'utf8' },
	)

it('runs on WASM where the native library is missing, and says so once per process', () => {
	const { stdout, stderr, status } = run(`
		for (const device of ['cpu', undefined]) {
			const engine = await createEngine({ threads: 1, ...(device && { device }) })
			const program = await engine.compile({ y: ops.mul(ops.input('x', 'float32', [1]), 21) })
			const { y } = await program.run({ x: float32([1], [2]) })
			console.log(engine.device, engine.version.split(' ')[0], y.data[0])
			await engine.close()
		}`)
	expect(stdout).toBe('wasm onnxruntime-web 42\nwasm onnxruntime-web 42\n')
	expect(stderr.trimEnd().split('\n')).toHaveLength(1)
	expect(stderr).toMatch(
		/WARNING: the native engine does not load \(.*onnxruntime-node is not installed\); running on onnxruntime-web/,
	)
	expect(stderr).toContain(`npm install onnxruntime-node@${engineVersion} --ignore-scripts`)
	expect(status).toBe(0)
})

it('does not replace a device that was asked for by name', () => {
	const { stdout } = run(
		`await createEngine({ device: 'cuda' }).catch((error) => console.log(error.name, error.message))`,
	)
	expect(stdout).toMatch(/^NaptuneError Device cuda needs the native engine, which does not load here \(/)
})

it('prints nothing when wasm is asked for', () => {
	const { stderr } = run(`await (await createEngine({ device: 'wasm', threads: 1 })).close()`)
	expect(stderr).toBe('')
})

it('says what to install where there is no engine at all', () => {
	rmSync(join(root, 'node_modules', 'onnxruntime-web'))
	const { stdout } = run(`
		for (const device of ['cpu', 'wasm'])
			await createEngine({ device }).catch((error) => console.log(error.code, error.message))`)
	const [cpu, wasm] = stdout.trimEnd().split('\n')
	expect(cpu).toMatch(/^NAP_DEVICE_UNAVAILABLE No engine is available: .*onnxruntime-web.*--ignore-scripts$/)
	expect(wasm).toMatch(/^NAP_DEVICE_UNAVAILABLE onnxruntime-web cannot be loaded: .*: npm install onnxruntime-web@/)
})
