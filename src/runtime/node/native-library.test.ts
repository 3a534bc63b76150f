import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engineVersion, loadNativeLibrary, nativeEngineCommand, nativePlaces, platform } from './native-library.js'

const repository = fileURLToPath(new URL('../../../', import.meta.url))

it('names one version of the engine everywhere', () => {
	const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))
	expect(manifest.dependencies['onnxruntime-common']).toBe(engineVersion)
	for (const name of ['onnxruntime-node', 'onnxruntime-web']) {
		expect(manifest.devDependencies[name]).toBe(engineVersion)
		expect(manifest.peerDependencies[name]).toBe(`^${engineVersion}`)
		expect(manifest.peerDependenciesMeta[name]).toEqual({ optional: true })
	}
	expect(nativeEngineCommand).toContain(engineVersion)
})

it('looks into carriers first on the CPU, and last where files of CUDA may be needed', () => {
	const names = nativePlaces().map(({ name }) => name)
	expect(names).toHaveLength(3)
	expect(names[0]).toBe(`@naptune/onnxruntime-${platform}`)
	expect(names[2]).toBe('onnxruntime-node')
	expect(nativePlaces('cuda').map(({ name }) => name)).toEqual([names[2], names[0], names[1]])
})

// ONNX Runtime has no files for Intel Macs.
describe.skipIf(platform === 'darwin-x64')('an installation', () => {
	let root: string
	const carrier = () => join(root, 'node_modules', '@naptune', `onnxruntime-${platform}`)
	const packed = () => join(root, 'engine', platform)
	const place = (code: string) =>
		execFileSync(
			process.execPath,
			[
				'--input-type=module',
				'-e',
				`import { loadNativeLibrary } from './dist/runtime/node/native-library.js'
				const { place, library } = await loadNativeLibrary(${code})
				console.log(place.name, typeof library.InferenceSession.create, library.env.versions.node)`,
			],
			{ cwd: root, encoding: 'utf8', stdio: 'pipe' },
		).trim()
	const setVersion = (version: string) => {
		const file = join(carrier(), 'package.json')
		writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), version }))
	}

	beforeAll(() => {
		root = mkdtempSync(join(tmpdir(), 'naptune-carrier-'))
		writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
		for (const part of ['core', 'runtime']) {
			cpSync(join(repository, 'dist', part), join(root, 'dist', part), {
				recursive: true,
				filter: (file) => !/\.(test|map|d\.ts)\b/.test(file),
			})
		}
		const script = join(repository, 'scripts', 'make-carriers.mjs')
		execFileSync(process.execPath, [script, '--here', '--output', join(root, 'engine')], { stdio: 'ignore' })
		mkdirSync(join(root, 'node_modules', '@naptune'), { recursive: true })
		symlinkSync(
			join(repository, 'node_modules', 'onnxruntime-common'),
			join(root, 'node_modules', 'onnxruntime-common'),
			'junction',
		)
	})
	afterAll(() => rmSync(root, { recursive: true }))

	it('takes the carrier in the package itself where nothing else is installed', () => {
		expect(place("'cpu'")).toBe(`the engine in naptune's own package function ${engineVersion}`)
		expect(place("'cuda'")).toMatch(/^the engine in naptune's own package/)
	})

	it('takes an installed carrier before', () => {
		cpSync(packed(), carrier(), { recursive: true })
		expect(place("'cpu'")).toBe(`@naptune/onnxruntime-${platform} function ${engineVersion}`)
	})

	it('passes over a carrier of another version or with broken files, and says so when nothing is left', () => {
		setVersion('1.2.3')
		expect(place("'cpu'")).toMatch(/^the engine in naptune's own package/)
		writeFileSync(join(packed(), 'dist', 'index.js'), 'throw new Error("broken file")')
		expect(() => place("'cpu'")).toThrow(
			new RegExp(
				`has version 1\\.2\\.3, this release needs ${engineVersion}.*does not load: broken file; onnxruntime-node is not installed`,
			),
		)
	})
})

it('tells the reason of every place that was tried', async () => {
	await expect(
		loadNativeLibrary('cpu', [{ name: 'a' }, { name: 'b', folder: '/nowhere', version: '1' }]),
	).rejects.toThrow(/^a is not installed; b does not load: ENOENT/)
})
