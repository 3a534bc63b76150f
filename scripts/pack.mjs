// Packs naptune for a release: with the carriers of the native engine as optional dependencies (npm installs the one for its
// platform) and without development parts. Plain `npm pack` includes the engine of this machine instead.
// Usage: node scripts/pack.mjs [--output folder]   prints the path of the tarball
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { npm, run } from './npm.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({ options: { output: { type: 'string', default: '.' } } })
const output = resolve(values.output)

/** Entries that only a checkout needs. */
const development = ['devDependencies', 'scripts', 'allowScripts']

const work = await mkdtemp(join(tmpdir(), 'naptune-pack-'))
try {
	await rm(join(root, 'engine'), { recursive: true, force: true })
	const plain = (await npm(['pack', '--ignore-scripts', '--silent', '--pack-destination', work], { cwd: root })).trim()
	await run('tar', ['-xzf', plain, '-C', '.'], { cwd: work })
	const folder = join(work, 'package')
	const file = join(folder, 'package.json')
	const manifest = JSON.parse(await readFile(file, 'utf8'))
	for (const name of development) delete manifest[name]
	manifest.files = manifest.files.filter((name) => name !== 'engine')
	Object.assign(
		manifest,
		JSON.parse(await run(process.execPath, [join(root, 'scripts/make-carriers.mjs'), '--manifest'])),
	)
	await writeFile(file, `${JSON.stringify(manifest, null, '\t')}\n`)
	// The package has no source maps, and some bundlers complain about missing ones.
	for (const entry of await readdir(join(folder, 'dist'), { recursive: true })) {
		if (!entry.endsWith('.js')) continue
		const path = join(folder, 'dist', entry)
		await writeFile(path, (await readFile(path, 'utf8')).replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'))
	}
	await mkdir(output, { recursive: true })
	const packed = await npm(['pack', '--silent', '--pack-destination', output], { cwd: folder })
	process.stdout.write(`${join(output, packed.trim())}\n`)
} finally {
	await rm(work, { recursive: true, force: true })
}
