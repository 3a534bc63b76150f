/** The package as others get it: packed, installed from tarballs into an empty project, type-checked and run. */

import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const repository = fileURLToPath(new URL('..', import.meta.url))
const script = (name: string) => join(repository, 'scripts', name)
const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))

const run = async (program: string, args: readonly string[], cwd: string) =>
	(await promisify(execFile)(program, [...args], { cwd, maxBuffer: 2 ** 28 })).stdout
const { npm } = await import(pathToFileURL(script('npm.mjs')).href)
const { serveScope } = await import(pathToFileURL(script('scope-registry.mjs')).href)

describe('what npm pack puts into the package', () => {
	let files: readonly { readonly path: string; readonly size: number }[]
	let packed: { readonly size: number; readonly unpackedSize: number }
	beforeAll(async () => {
		const text = await npm(['pack', '--dry-run', '--ignore-scripts', '--json'], { cwd: repository })
		packed = JSON.parse(text)[0]
		files = JSON.parse(text)[0].files
		console.log(
			`naptune's package: ${(packed.size / 1e6).toFixed(1)} MB, ${(packed.unpackedSize / 1e6).toFixed(1)} MB unpacked`,
		)
	})

	it('holds no tests, source maps, build info or fixtures', () => {
		const names = files.map(({ path }) => path)
		expect(names.filter((name) => /\.test\.|\.map$|tsbuildinfo|^fixtures\/|^src\/|^node_modules\//.test(name))).toEqual(
			[],
		)
		expect(names).toEqual(expect.arrayContaining(['dist/cli/main.js', 'models/nano/model.safetensors', 'LICENSE']))
	})

	it('stays small', () => {
		expect(packed.unpackedSize).toBeLessThan(20e6)
		expect(packed.size).toBeLessThan(15e6)
	})

	it('has all that the README links to', async () => {
		const list = join(mkdtempSync(join(tmpdir(), 'naptune-readme-')), 'files.json')
		writeFileSync(list, JSON.stringify(files.map(({ path }) => path)))
		const told = await run(process.execPath, [script('check-readme.mjs'), 'README.md', '--files', list], repository)
		expect(told).toMatch(/^[1-9]\d* links and pictures, 0 of them wrong/)
	})
})

describe('a project that installs a release', () => {
	let project: string
	let registry: { readonly address: string; close(): Promise<void> }
	const bin = (...args: readonly string[]) =>
		run(process.execPath, [join(project, 'node_modules/naptune/dist/cli/main.js'), ...args], project)

	beforeAll(async () => {
		project = mkdtempSync(join(tmpdir(), 'naptune-installed-'))
		const built = join(project, 'tarballs')
		mkdirSync(built)
		const [release, carrier] = await Promise.all([
			run(process.execPath, [script('pack.mjs'), '--output', built], repository),
			run(
				process.execPath,
				[script('make-carriers.mjs'), '--here', '--pack', '--output', join(built, 'carriers')],
				repository,
			),
		])
		registry = await serveScope(carrier.trim().split('\n').filter(Boolean))
		writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }')
		const quick = ['--prefer-offline', '--no-audit', '--no-fund', `--@naptune:registry=${registry.address}`]
		await npm(['install', release.trim(), ...quick], { cwd: project })
	}, 300_000)
	afterAll(async () => {
		await registry?.close()
		rmSync(project, { recursive: true, force: true })
	})

	it('has the native engine from the carrier, and nothing of other engines', async () => {
		const installed = createRequire(join(project, 'package.json'))
		for (const name of ['onnxruntime-node', 'onnxruntime-web']) {
			expect(() => installed.resolve(`${name}/package.json`)).toThrow(/Cannot find module/)
		}
		writeFileSync(
			join(project, 'engine.mjs'),
			`import { createEngine } from 'naptune'
			import { float32, ops } from 'naptune/onnx'
			const engine = await createEngine({ threads: 1 })
			const program = await engine.compile({ y: ops.mul(ops.input('x', 'float32', [1]), 21) })
			const { y } = await program.run({ x: float32([1], [2]) })
			console.log(engine.device, engine.version, y.data[0])
			await engine.close()`,
		)
		expect(await run(process.execPath, ['engine.mjs'], project)).toMatch(/^cpu onnxruntime-node \d.* 42\n$/)
	})

	it('runs the command', async () => {
		expect(await npm(['exec', '--offline', '--', 'naptune', '--version'], { cwd: project })).toBe(
			`${manifest.version}\n`,
		)
	})

	it('classifies an embedded picture', async () => {
		const picture = join(project, 'ship.png')
		// The photographs of the ninth class, ship, begin at the 17th row of tiles.
		await sharp(join(project, 'node_modules/naptune/data/cifar10-mini/test.webp'))
			.extract({ left: 2 * 32, top: 16 * 32, width: 32, height: 32 })
			.png()
			.toFile(picture)
		const { images, classNames } = JSON.parse(await bin('classify', picture, '--json', '--quiet'))
		expect(images).toHaveLength(1)
		expect(classNames).toHaveLength(10)
		expect(images[0].classes[0]).toMatchObject({ className: 'ship', probability: expect.closeTo(0.994, 2) })
	})

	// The whole declarations once, which takes the longest; scripts/install-matrix.mjs has all four combinations.
	it.each([
		['bundler', 'esnext', true],
		['node16', 'node16', false],
	])(
		'type-checks a strict consumer with moduleResolution %s',
		async (moduleResolution, module, skipLibCheck) => {
			const names = Object.keys(manifest.exports).flatMap((subpath) =>
				subpath.includes('.json') ? [] : [`naptune${subpath.slice(1)}`],
			)
			const source = [
				...names.map((name, index) => `import * as room${index} from '${name}'`),
				"import { createEngine, type EngineOptions, type JobResult } from 'naptune'",
				"import type { classify } from 'naptune/jobs'",
				'const options: EngineOptions = { device: "cpu" }',
				'export const version: Promise<string> = createEngine(options).then((engine) => engine.version)',
				'export const first = (result: JobResult<typeof classify>): string => result.classNames[0] ?? ""',
				'// @ts-expect-error: an option is left out or has a value',
				'export const wrong: EngineOptions = { threads: undefined }',
				`export const rooms = [${names.map((_, index) => `room${index}`).join(', ')}]`,
			]
			writeFileSync(join(project, 'consumer.ts'), source.join('\n'))
			const config = {
				compilerOptions: {
					...{ noEmit: true, strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
					...{ target: 'es2022', lib: ['es2023', 'dom'], module, moduleResolution, skipLibCheck },
					...{ types: ['node'], typeRoots: [join(repository, 'node_modules/@types')] },
				},
				files: ['consumer.ts'],
			}
			const file = `tsconfig.${module}.json`
			writeFileSync(join(project, file), JSON.stringify(config))
			const compiler = join(repository, 'node_modules/typescript/bin/tsc')
			const said = await run(process.execPath, [compiler, '-p', file, '--pretty', 'false'], project).catch(
				(error: { readonly stdout: string }) => error.stdout,
			)
			expect(said).toBe('')
		},
		300_000,
	)
})
