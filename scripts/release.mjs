// Publishes a release: the carriers of the native engine that the registry lacks, then naptune, each from its own tarball.
// Usage: node scripts/release.mjs [--dry-run]
//   --dry-run  packs and lets npm check everything, uploads nothing
// In GitHub Actions with `id-token: write` the packages get provenance. Versions already in the registry are skipped, so
// that a release that stopped half way can resume.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { npm, run } from './npm.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({
	options: {
		'dry-run': { type: 'boolean', default: false },
		'refuse-plain-publish': { type: 'boolean', default: false },
	},
})

if (values['refuse-plain-publish']) {
	process.stderr.write('npm publish would publish the engine of this machine for everybody. Use: npm run release\n')
	process.exit(1)
}

const provenance = process.env.ACTIONS_ID_TOKEN_REQUEST_URL ? ['--provenance'] : []
const work = await mkdtemp(join(tmpdir(), 'naptune-release-'))
try {
	const script = (name) => join(root, 'scripts', name)
	const carriers = await run(process.execPath, [
		...[script('make-carriers.mjs'), '--pack', '--output', join(work, 'carriers')],
	])
	const naptune = await run(process.execPath, [script('pack.mjs'), '--output', work])
	for (const tarball of `${carriers}${naptune}`.trim().split('\n')) await publish(tarball)
} finally {
	await rm(work, { recursive: true, force: true })
}

async function publish(tarball) {
	const { name, version } = JSON.parse(await run('tar', ['-xzOf', tarball, 'package/package.json']))
	if (!values['dry-run'] && (await isPublished(name, version))) {
		process.stdout.write(`${name}@${version} is already published\n`)
		return
	}
	const how = values['dry-run'] ? ['--dry-run'] : provenance
	await npm(['publish', tarball, '--access', 'public', '--silent', ...how], { cwd: work })
	process.stdout.write(`${name}@${version} ${values['dry-run'] ? 'could be' : 'is'} published\n`)
	// `changesets/action` looks for this line to create the release on the forge.
	if (!values['dry-run'] && name === (await ownName())) process.stdout.write(`New tag: ${name}@${version}\n`)
}

async function isPublished(name, version) {
	try {
		return (await npm(['view', `${name}@${version}`, 'version', '--json'], { cwd: work })).trim() !== ''
	} catch (error) {
		if (/E404/.test(`${error.stdout}${error.stderr}`)) return false
		throw error
	}
}

async function ownName() {
	return JSON.parse(await readFile(join(root, 'package.json'), 'utf8')).name
}
