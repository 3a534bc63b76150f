// Installs naptune as a dependency with npm 10, 11 and 12, with and without a way to onnxruntime-node's CUDA download, and
// writes the table of docs/installing.md.
// Usage: node scripts/install-matrix.mjs [--npm 11] [--way 1] [--keep folder] [--write] [--types] [--demo]
//   --npm    a major version; may be repeated (default: 10, 11, 12)
//   --keep   a folder for the tarballs: packed there once and reused by later calls
//   --way    a number from 1 to 5: only this way; may be repeated
//   --write  puts the table into docs/installing.md
//   --types  type-checks a strict consumer in all four combinations, once
//   --demo   runs the whole `npx naptune demo` once per npm
// The download is a stub in both cases, so that the table does not depend on the network: every Node.js of the installation
// first loads a module that answers these requests itself, or lets them fail, and counts them.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { zipSync } from 'fflate'
import { npm, run } from './npm.mjs'
import { serveScope } from './scope-registry.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({
	options: {
		npm: { type: 'string', multiple: true, default: ['10', '11', '12'] },
		way: { type: 'string', multiple: true, default: ['1', '2', '3', '4', '5'] },
		keep: { type: 'string' },
		write: { type: 'boolean', default: false },
		types: { type: 'boolean', default: false },
		demo: { type: 'boolean', default: false },
	},
})
const { version: engine } = JSON.parse(await readFile(join(root, 'node_modules/onnxruntime-node/package.json'), 'utf8'))

/** The ways to install: which tarball, what in addition, and whether the carriers are published. */
const ways = [
	{ name: 'release, carriers published', tarball: 'release', published: true },
	{ name: '`npm pack`, the engine inside', tarball: 'plain' },
	{ name: 'release, carriers not published', tarball: 'release' },
	{ name: 'the same, and onnxruntime-node', tarball: 'release', beside: true },
	{ name: 'the same, with the flag', tarball: 'release', beside: true, flag: true },
]

const work = await mkdtemp(join(tmpdir(), 'naptune-matrix-'))
const say = (text) => process.stderr.write(`${text}\n`)

/** A module that simulates the host of the CUDA download. */
const standIn = `
const https = require('node:https'), fs = require('node:fs'), { Readable } = require('node:stream')
const original = https.get
https.get = function (...args) {
	const [url] = args
	const address = typeof url === 'string' || url instanceof URL ? new URL(url) : new URL('https://' + (url.hostname ?? url.host) + url.path)
	if (address.hostname !== 'api.nuget.org') return original.apply(this, args)
	fs.appendFileSync(process.env.CUDA_REQUESTS, address.href + '\\n')
	const request = new (require('node:events'))()
	const answer = args.find((one) => typeof one === 'function')
	process.nextTick(() => {
		if (process.env.CUDA_REACHABLE !== '1') {
			request.emit('error', Object.assign(new Error('getaddrinfo ENOTFOUND api.nuget.org'), { code: 'ENOTFOUND' }))
			return
		}
		const json = (value) => [Buffer.from(JSON.stringify(value)), 'application/json']
		const [body, type] = address.pathname === '/v3/index.json'
			? json({ resources: [{ '@type': 'PackageBaseAddress/3.0.0', '@id': 'https://api.nuget.org/flat/' }] })
			: address.pathname.endsWith('/index.json')
				? json({ versions: ['${engine}'] })
				: [fs.readFileSync(process.env.CUDA_PACKAGE), 'application/zip']
		const response = Readable.from([body])
		response.statusCode = 200
		response.headers = { 'content-type': type }
		response.setEncoding = (encoding) => (Readable.prototype.setEncoding.call(response, encoding), response)
		answer(response)
	})
	return request
}
`
const libraries = ['cuda', 'shared', 'tensorrt'].map((name) => `libonnxruntime_providers_${name}.so`)
const cudaPackage = zipSync(
	Object.fromEntries(libraries.map((name) => [`runtimes/linux-x64/native/${name}`, Buffer.from('stand-in')])),
)

const program = `import { createEngine } from 'naptune'
const engine = await createEngine()
console.log(engine.device === 'wasm' ? 'WASM' : 'native')
await engine.close()`

try {
	const { release, plain, carriers } = await tarballs(resolve(values.keep ?? join(work, 'tarballs')))
	await writeFile(join(work, 'stand-in.cjs'), standIn)
	await writeFile(join(work, 'cuda.nupkg'), cudaPackage)
	const published = await serveScope(carriers)
	const empty = await serveScope([])
	const rows = []
	try {
		for (const major of values.npm) {
			const tool = await installedNpm(major)
			say(`npm ${tool.version} on Node.js ${tool.node}`)
			for (const way of ways.filter((_, at) => values.way.includes(String(at + 1)))) {
				for (const reachable of [true, false]) {
					const row = await installed(tool, way, reachable, {
						tarball: way.tarball === 'plain' ? plain : release,
						registry: (way.published ? published : empty).address,
					})
					rows.push(row)
					say(line(row))
				}
			}
		}
		if (values.types) await checkTypes(release, published.address)
	} finally {
		await published.close()
		await empty.close()
	}
	const table = tableOf(rows)
	process.stdout.write(`${table}\n`)
	if (values.write) await intoPage(table)
} finally {
	await rm(work, { recursive: true, force: true })
}

/** Packs the tarballs of a release, of `npm pack` and of this platform's carrier. */
async function tarballs(folder) {
	const inside = async (name) => {
		const entries = await readdir(join(folder, name)).catch(() => [])
		return entries.filter((entry) => entry.endsWith('.tgz')).map((entry) => join(folder, name, entry))
	}
	if ((await inside('release')).length === 0) {
		say('Packing …')
		await mkdir(join(folder, 'plain'), { recursive: true })
		const script = (name) => join(root, 'scripts', name)
		await run(process.execPath, [script('pack.mjs'), '--output', join(folder, 'release')])
		await npm(['pack', '--silent', '--pack-destination', join(folder, 'plain')], { cwd: root })
		const platform = ['--here', '--pack', '--output', join(folder, 'carriers')]
		await run(process.execPath, [script('make-carriers.mjs'), ...platform])
	}
	const [[release], [plain], carriers] = [await inside('release'), await inside('plain'), await inside('carriers')]
	return { release, plain, carriers }
}

/** Finds an npm of a major version, with a Node.js that it supports. */
async function installedNpm(major) {
	const folder = join(work, `npm${major}`)
	await mkdir(folder)
	const quick = ['--prefer-offline', '--no-audit', '--no-fund', '--silent', '--prefix', folder]
	await npm(['install', `npm@${major}`, ...quick], { cwd: folder })
	const cli = join(folder, 'node_modules/npm/bin/npm-cli.js')
	let node = process.execPath
	if (Number(major) >= 12 && Number(process.versions.node.split('.')[0]) < 22) {
		const system = process.platform === 'win32' ? 'win' : process.platform
		await npm(['install', `node-${system}-${process.arch}@22`, ...quick], { cwd: folder })
		node = join(folder, `node_modules/node-${system}-${process.arch}/bin/node`)
	}
	const [version, nodeVersion] = [await run(node, [cli, '--version']), await run(node, ['--version'])]
	return { major, cli, node: nodeVersion.trim(), program: node, version: version.trim() }
}

/** Installs in one way, into an empty project, and starts an engine there. */
async function installed(tool, way, reachable, { tarball, registry }) {
	const folder = await mkdtemp(join(work, 'project-'))
	const requests = join(folder, 'requests.log')
	await writeFile(requests, '')
	await writeFile(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }')
	await writeFile(join(folder, 'program.js'), program)
	const env = {
		...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^ONNXRUNTIME_/i.test(name))),
		NODE_OPTIONS: `--require ${join(work, 'stand-in.cjs')}`,
		CUDA_REQUESTS: requests,
		CUDA_REACHABLE: reachable ? '1' : '0',
		CUDA_PACKAGE: join(work, 'cuda.nupkg'),
	}
	const wanted = [tarball, ...(way.beside ? [`onnxruntime-node@${engine}`] : [])]
	const flags = way.flag ? ['--ignore-scripts'] : []
	const quick = ['--prefer-offline', '--no-audit', '--no-fund', `--@naptune:registry=${registry}`]
	const start = performance.now()
	const install = await ended(tool.program, [tool.cli, 'install', ...wanted, ...flags, ...quick], { cwd: folder, env })
	const seconds = (performance.now() - start) / 1000
	const works = install.code === 0 && (await ended(tool.program, ['program.js'], { cwd: folder }))
	if (values.demo && way.published && reachable) {
		say((await run(tool.program, [tool.cli, 'exec', '--', 'naptune', 'demo', '--quiet'], { cwd: folder })).trimEnd())
	}
	const row = {
		...{ npm: tool.version, way: way.name, reachable, seconds },
		megabytes: (await bytesOnDisk(join(folder, 'node_modules'))) / 2 ** 20,
		requests: (await readFile(requests, 'utf8')).split('\n').filter(Boolean).length,
		outcome: !works
			? 'installation fails'
			: works.code === 0
				? works.stdout.trim()
				: /No engine is available: .*--ignore-scripts/.test(works.stderr)
					? 'no engine; the message has the command'
					: `fails: ${works.stderr.slice(0, 200)}`,
	}
	await rm(folder, { recursive: true })
	return row
}

function ended(program, args, options) {
	return new Promise((resolve) => {
		execFile(program, args, { maxBuffer: 2 ** 26, ...options }, (error, stdout, stderr) =>
			resolve({ code: error ? (error.code ?? 1) : 0, stdout, stderr }),
		)
	})
}

/** Disk space of a folder's files, in whole blocks. */
async function bytesOnDisk(folder) {
	const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
	let sum = 0
	for (const entry of entries) {
		if (entry.isSymbolicLink()) continue
		const { blocks, size } = await stat(join(entry.parentPath, entry.name))
		sum += blocks === undefined ? size : blocks * 512
	}
	return sum
}

function line({ npm: version, way, reachable, seconds, megabytes, requests, outcome }) {
	return `| ${version} | ${way} | ${reachable ? 'yes' : 'no'} | ${seconds.toFixed(0)} | ${megabytes.toFixed(0)} | ${requests} | ${outcome} |`
}

function tableOf(rows) {
	return [
		'| npm | installed | CUDA download reachable | seconds | MB on disk | requests to it | engine |',
		'|---|---|---|---|---|---|---|',
		...rows.map(line),
	].join('\n')
}

async function intoPage(table) {
	const page = join(root, 'docs/installing.md')
	const text = await readFile(page, 'utf8')
	const [begin, end] = ['<!-- install-matrix -->', '<!-- /install-matrix -->']
	const [from, to] = [text.indexOf(begin) + begin.length, text.indexOf(end)]
	await writeFile(page, `${text.slice(0, from)}\n${table}\n${text.slice(to)}`)
}

/** A strict consumer of every export, with and without skipLibCheck, in both resolutions. */
async function checkTypes(release, registry) {
	const folder = await mkdtemp(join(work, 'types-'))
	await writeFile(join(folder, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }')
	const quick = ['--prefer-offline', '--no-audit', '--no-fund', `--@naptune:registry=${registry}`]
	await npm(['install', release, ...quick], { cwd: folder })
	const { exports: subpaths } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
	const names = Object.keys(subpaths).filter((name) => !name.includes('.json'))
	const imports = names.map((name, index) => `import * as room${index} from 'naptune${name.slice(1)}'`)
	const uses = `export const rooms = [${names.map((_, index) => `room${index}`).join(', ')}]`
	await writeFile(join(folder, 'consumer.ts'), [...imports, uses].join('\n'))
	const compiler = join(root, 'node_modules/typescript/bin/tsc')
	for (const skipLibCheck of [false, true]) {
		for (const [moduleResolution, module] of [
			['bundler', 'esnext'],
			['node16', 'node16'],
		]) {
			const compilerOptions = {
				...{ noEmit: true, strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
				...{ target: 'es2022', lib: ['es2023', 'dom'], module, moduleResolution, skipLibCheck },
				...{ types: ['node'], typeRoots: [join(root, 'node_modules/@types')] },
			}
			await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }))
			const { code, stdout } = await ended(process.execPath, [compiler, '-p', '.', '--pretty', 'false'], {
				cwd: folder,
			})
			say(`types: ${moduleResolution}, skipLibCheck ${skipLibCheck}: ${code === 0 ? 'no errors' : stdout}`)
			if (code !== 0) process.exitCode = 1
		}
	}
}
