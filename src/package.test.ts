import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'

const root = new URL('../', import.meta.url)
const json = async (file: string) => JSON.parse(await readFile(new URL(file, root), 'utf8'))
const { exports: subpaths } = (await json('package.json')) as { readonly exports: Readonly<Record<string, unknown>> }
/** Entry points in `dist`, by the names under which they are imported. */
const entries = new Map(
	Object.entries(subpaths).flatMap(([subpath, target]) =>
		typeof target === 'object' && target !== null && 'default' in target
			? [[`naptune${subpath.slice(1)}`, String(target.default)] as const]
			: [],
	),
)
/** The rooms that a browser loads; their types are checked without those of Node.js (`npm run check:browser`). */
const forBrowsers: readonly string[] = (await json('tsconfig.browser.json')).files

it('names the rooms that a browser loads among its exports', () => {
	const exported = [...entries.values()].map((target) => target.replace(/^\.\/dist/, 'src').replace(/\.js$/, '.ts'))
	expect(exported).toEqual(expect.arrayContaining([...forBrowsers]))
	expect(forBrowsers.length).toBeGreaterThan(8)
})

/** What each entry point exports, as Node.js sees it. */
async function exportedNames(): Promise<Readonly<Record<string, readonly string[]>>> {
	const code = `
		const found = {}
		for (const name of ${JSON.stringify([...entries.keys()])}) found[name] = Object.keys(await import(name))
		console.log(JSON.stringify(found))`
	const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code], { cwd: root })
	return JSON.parse(stdout)
}

describe('every export', () => {
	let exported: Awaited<ReturnType<typeof exportedNames>>
	beforeAll(async () => {
		exported = await exportedNames()
	})

	it.each([...entries])('%s can be imported, with types', async (name, target) => {
		expect(exported[name]?.length).toBeGreaterThan(0)
		expect(exported[name]).not.toContain('default')
		const { types } = subpaths[`.${name.slice('naptune'.length)}`] as { readonly types: string }
		expect(types).toBe(target.replace(/\.js$/, '.d.ts'))
		await readFile(new URL(types, root))
	})

	it.each(forBrowsers)('%s bundles for a browser', async (source) => {
		const { metafile } = await build({
			entryPoints: [fileURLToPath(new URL(source.replace(/^src/, 'dist').replace(/\.ts$/, '.js'), root))],
			bundle: true,
			platform: 'browser',
			format: 'esm',
			splitting: true,
			outdir: 'bundle',
			write: false,
			metafile: true,
			logLevel: 'silent',
		})
		const imports = Object.values(metafile.outputs).flatMap((output) => output.imports)
		expect(imports.filter(({ external, path }) => external || isBuiltin(path))).toEqual([])
		const packages = Object.keys(metafile.inputs).flatMap(
			(path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
		)
		for (const one of ['onnxruntime-node', 'sharp', 'vega', '@huggingface/hub']) expect(packages).not.toContain(one)
	})
})
