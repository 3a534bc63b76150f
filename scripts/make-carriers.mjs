// Makes the carriers of the native engine (carriers/README.md) from the installed onnxruntime-node.
// Usage: node scripts/make-carriers.mjs [--platform linux-x64 | --here] [--output carriers/built] [--pack] [--manifest]
//        node scripts/make-carriers.mjs --remove --output engine
import { execFileSync } from 'node:child_process'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({
	options: {
		platform: { type: 'string', multiple: true },
		/** Only the current platform, or none if the engine has no files for it. */
		here: { type: 'boolean', default: false },
		/** Removes the output of an earlier call. */
		remove: { type: 'boolean', default: false },
		output: { type: 'string', default: join(root, 'carriers', 'built') },
		pack: { type: 'boolean', default: false },
		manifest: { type: 'boolean', default: false },
	},
})

if (values.remove || values.here) await rm(values.output, { recursive: true, force: true })
if (values.remove) process.exit()

const manifest = createRequire(import.meta.url).resolve('onnxruntime-node/package.json')
const engine = dirname(manifest)
const { version, dependencies } = JSON.parse(await readFile(manifest, 'utf8'))
const binaries = join(engine, 'bin', 'napi-v6')
const platforms = []
for (const os of await readdir(binaries)) {
	for (const cpu of await readdir(join(binaries, os))) platforms.push({ os, cpu, name: `${os}-${cpu}` })
}
const known = platforms.map(({ name }) => name)

const licence = `MIT License

Copyright (c) Microsoft Corporation

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
`

if (values.manifest) {
	const entries = known.map((name) => [`@naptune/onnxruntime-${name}`, version])
	process.stdout.write(`${JSON.stringify({ optionalDependencies: Object.fromEntries(entries) }, null, 2)}\n`)
} else {
	const here = `${process.platform}-${process.arch}`
	const chosen = values.here ? known.filter((name) => name === here) : (values.platform ?? known)
	if (chosen.length === 0) process.stderr.write(`onnxruntime-node ${version} has no files for ${here}.\n`)
	const wrong = chosen.filter((name) => !known.includes(name))
	if (wrong.length > 0) {
		process.stderr.write(`onnxruntime-node ${version} has no ${wrong.join(', ')}; choose from ${known.join(', ')}.\n`)
		process.exit(1)
	}
	for (const { os, cpu, name } of platforms.filter((platform) => chosen.includes(platform.name))) {
		const folder = join(values.output, name)
		await rm(folder, { recursive: true, force: true })
		await mkdir(folder, { recursive: true })
		await cp(join(binaries, os, cpu), join(folder, 'bin', 'napi-v6', os, cpu), { recursive: true })
		await cp(join(engine, 'dist'), join(folder, 'dist'), {
			recursive: true,
			filter: (path) => !path.endsWith('.map'),
		})
		const carrier = {
			name: `@naptune/onnxruntime-${name}`,
			version,
			description: `The native files of onnxruntime-node ${version} for ${os} on ${cpu}, without an install script`,
			license: 'MIT',
			os: [os],
			cpu: [cpu],
			// The Linux files need glibc; musl (Alpine) has no native engine.
			...(os === 'linux' && { libc: ['glibc'] }),
			main: 'dist/index.js',
			types: 'dist/index.d.ts',
			dependencies: { 'onnxruntime-common': dependencies['onnxruntime-common'] },
		}
		await writeFile(join(folder, 'package.json'), `${JSON.stringify(carrier, null, 2)}\n`)
		await writeFile(join(folder, 'LICENSE'), licence)
		await writeFile(
			join(folder, 'README.md'),
			`# ${carrier.name}\n\n${carrier.description}. naptune installs it automatically; the files are Microsoft's, unchanged.\n`,
		)
		if (values.pack) {
			const file = execFileSync('npm', ['pack', '--silent', '--pack-destination', values.output], {
				cwd: folder,
				encoding: 'utf8',
			}).trim()
			process.stdout.write(`${join(values.output, file)}\n`)
		} else process.stderr.write(`${folder}\n`)
	}
}
