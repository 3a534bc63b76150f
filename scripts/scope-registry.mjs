// A registry for one scope, from tarballs on this machine, to simulate published carriers for `npm install`. npm asks it
// only for packages of the scope (--@naptune:registry=ADDRESS); everything else comes from the usual registry.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { basename } from 'node:path'
import { run } from './npm.mjs'

/** Serves tarballs of packages. Returns the address and a function to close it. */
export async function serveScope(tarballs) {
	const packages = new Map()
	for (const tarball of tarballs) {
		const manifest = JSON.parse(await run('tar', ['-xzOf', tarball, 'package/package.json']))
		packages.set(manifest.name, { manifest, tarball })
	}
	const server = createServer(async (request, response) => {
		const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname).slice(1)
		const wanted = packages.get(path) ?? [...packages.values()].find(({ tarball }) => path === basename(tarball))
		if (!wanted) return response.writeHead(404).end('{}')
		const bytes = await readFile(wanted.tarball)
		if (path !== wanted.manifest.name) return response.end(bytes)
		const { name, version } = wanted.manifest
		const dist = {
			tarball: `http://${request.headers.host}/${basename(wanted.tarball)}`,
			integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
		}
		response.setHeader('content-type', 'application/json')
		response.end(
			JSON.stringify({
				name,
				'dist-tags': { latest: version },
				versions: { [version]: { ...wanted.manifest, dist } },
			}),
		)
	})
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
	return {
		address: `http://127.0.0.1:${server.address().port}/`,
		close: () => new Promise((resolve) => server.close(resolve)),
	}
}
