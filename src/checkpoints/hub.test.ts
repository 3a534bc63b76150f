import { chmod, cp, lstat, mkdir, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { temporaryFolder, withoutSuperuser } from '../files/temporary-folder.test.helper.js'
import type { DownloadProgress } from '../hub/hub-download.js'
import { type HubContent, startHub } from '../hub/hub-server.test.helper.js'
import { loadCheckpoint } from './checkpoint.js'

const fixtures = fileURLToPath(new URL('../../fixtures/checkpoints/', import.meta.url))
const commit = '0123456789abcdef0123456789abcdef01234567'
const id = 'someone/tiny-clip'

let content: HubContent
let hub: string
let storage: string
let cacheDirectory: string

beforeEach(async () => {
	const files: Record<string, Uint8Array> = { 'README.md': Buffer.from('# Tiny') }
	for (const name of await readdir(join(fixtures, 'tiny'))) files[name] = await readFile(join(fixtures, 'tiny', name))
	content = { id, commit, files, corrupted: new Map(), brokenAfter: new Map() }
	const folder = await temporaryFolder()
	hub = join(folder, 'hub')
	storage = join(hub, 'models--someone--tiny-clip')
	cacheDirectory = join(folder, 'cache')
	for (const name of ['HF_ENDPOINT', 'HF_HUB_OFFLINE', 'HF_TOKEN']) vi.stubEnv(name, undefined)
	vi.stubEnv('HF_HUB_DISABLE_IMPLICIT_TOKEN', '1')
	vi.stubEnv('HF_HUB_CACHE', hub)
	return () => vi.unstubAllEnvs()
})

describe('loadCheckpoint from a hub', () => {
	it('fills the standard cache, and needs no network the second time', async () => {
		const server = await startHub(content)
		vi.stubEnv('HF_ENDPOINT', server.endpoint)
		const progress: DownloadProgress[] = []
		const first = await loadCheckpoint(id, { onProgress: (now) => progress.push(now) })
		const directory = join(storage, 'snapshots', commit)
		expect(first).toMatchObject({ source: id, revision: commit, directory })
		expect(first.sha256).toBe((await loadCheckpoint(join(fixtures, 'tiny'))).sha256)
		// The layout of huggingface_hub: refs, blobs by fingerprint, snapshots of relative symlinks.
		expect(await readFile(join(storage, 'refs', 'main'), 'utf8')).toBe(commit)
		const link = join(directory, 'model.safetensors')
		expect(await readlink(link)).toBe(join('..', '..', 'blobs', first.sha256))
		expect(await readFile(link)).toEqual(content.files['model.safetensors'])
		expect((await readdir(directory)).sort()).toEqual(
			Object.keys(content.files)
				.filter((name) => name !== 'README.md')
				.sort(),
		)
		expect((await readdir(join(storage, 'blobs'))).length).toBe(4)
		const weights = progress.filter(({ file }) => file === 'model.safetensors')
		const total = content.files['model.safetensors']!.length
		expect([weights[0]!.received, weights.at(-1)!.received, weights[0]!.total]).toEqual([0, total, total])

		await server.close()
		vi.stubEnv('HF_HUB_OFFLINE', '1')
		const requests = server.requests.length
		expect(await loadCheckpoint(id)).toEqual(first)
		expect(await loadCheckpoint(id, { revision: commit })).toEqual(first)
		expect(server.requests.length).toBe(requests)
	})

	it('downloads nothing twice, and new files when the revision moves', async () => {
		const { endpoint, requests } = await startHub(content)
		await loadCheckpoint(id, { endpoint })
		const before = requests.length
		await loadCheckpoint(id, { endpoint })
		expect(requests.slice(before)).toEqual([
			expect.stringMatching(/^GET \/api\/models\/someone\/tiny-clip\/revision\/main/),
		])
		content.commit = commit.replace('0', 'f')
		expect((await loadCheckpoint(id, { endpoint })).revision).toBe(content.commit)
		expect((await loadCheckpoint(id, { endpoint, revision: 'refs/pr/1' })).revision).toBe(content.commit)
		expect(await readFile(join(storage, 'refs', 'refs', 'pr', '1'), 'utf8')).toBe(content.commit)
		expect((await readdir(join(storage, 'snapshots'))).sort()).toEqual([commit, content.commit].sort())
		expect((await readdir(join(storage, 'blobs'))).length).toBe(4)
	})

	it('works from a read-only cache, online and offline', async () => {
		const { endpoint } = await startHub(content)
		const first = await loadCheckpoint(id, { endpoint })
		const folders = [
			hub,
			storage,
			...['blobs', 'refs', 'snapshots', `snapshots/${commit}`].map((name) => join(storage, name)),
		]
		for (const folder of folders) await chmod(folder, 0o555)
		await rm(join(storage, 'refs', 'main')).catch(() => {})
		expect(await withoutSuperuser(() => loadCheckpoint(id, { endpoint }))).toEqual(first)
		expect(await withoutSuperuser(() => loadCheckpoint(id, { offline: true, revision: commit }))).toEqual(first)
		for (const folder of folders) await chmod(folder, 0o755)
	})

	it('uses the cache when the hub cannot be reached, and says so', async () => {
		const server = await startHub(content)
		const first = await loadCheckpoint(id, { endpoint: server.endpoint })
		await server.close()
		const notices: string[] = []
		const second = await loadCheckpoint(id, { endpoint: server.endpoint, onNotice: (notice) => notices.push(notice) })
		expect(second).toEqual(first)
		expect(notices).toEqual([expect.stringMatching(/Cannot reach .* \(.+\); using the cached/)])
		await expect(loadCheckpoint('someone/else', { endpoint: server.endpoint })).rejects.toThrow(
			/Cannot fetch someone\/else .*Check the connection/,
		)
	})

	it('reads a repository that has only a PyTorch file', async () => {
		delete content.files['model.safetensors']
		content.files['pytorch_model.bin'] = await readFile(join(fixtures, 'pytorch', 'float32.bin'))
		const { endpoint } = await startHub(content)
		const { weights, sha256 } = await loadCheckpoint(id, { endpoint, cacheDirectory })
		expect(weights.get('logit_scale')!.file).toBe(join(cacheDirectory, 'weights', `${sha256}.safetensors`))
	})

	it('fetches shards', async () => {
		content.files['model-1.safetensors'] = content.files['model.safetensors']!
		delete content.files['model.safetensors']
		const index = { weight_map: { logit_scale: 'model-1.safetensors' } }
		content.files['model.safetensors.index.json'] = Buffer.from(JSON.stringify(index))
		const { endpoint } = await startHub(content)
		expect((await loadCheckpoint(id, { endpoint })).weights.get('logit_scale')!.file).toMatch(/model-1\.safetensors$/)
		index.weight_map.logit_scale = '../../../outside.safetensors'
		content.commit = commit.replace('0', 'f')
		content.files['model.safetensors.index.json'] = Buffer.from(JSON.stringify(index))
		await expect(loadCheckpoint(id, { endpoint })).rejects.toThrow(/names the shard/)
	})

	describe('with the configs of two libraries', () => {
		const openClip = fileURLToPath(new URL('../../fixtures/families/open-clip/', import.meta.url))
		beforeEach(async () => {
			for (const name of ['open_clip_config.json', 'open_clip_model.safetensors']) {
				content.files[name] = await readFile(join(openClip, name))
			}
		})

		/** Loads it from the hub, then from the cache alone: both must be the same model and say the same. */
		async function loaded() {
			const { endpoint, requests } = await startHub(content)
			const notices: string[] = []
			const options = { endpoint, cacheDirectory, onNotice: (notice: string) => notices.push(notice) }
			const first = await loadCheckpoint(id, options)
			expect(await loadCheckpoint(id, { ...options, offline: true })).toEqual(first)
			expect(notices[1]).toBe(notices[0])
			expect(notices).toHaveLength(2)
			return { first, notice: notices[0], fetched: requests.join('\n') }
		}

		it('takes that of transformers where its weights are there, and says so', async () => {
			const { first, notice, fetched } = await loaded()
			expect(first.config.family).toBeUndefined()
			expect(notice).toBe(
				`${id} holds two configs; using config.json with model.safetensors, not open_clip_config.json.`,
			)
			expect(fetched).not.toContain('open_clip_model.safetensors')
		})

		it.each([
			['of timm', { architecture: 'vit_base_patch32_clip_224' }, /because config\.json is not one of transformers/],
			['without weights', undefined, /because config\.json has no weights of transformers beside it/],
		])("takes open_clip's beside a config.json %s", async (_, config, reason) => {
			if (config) content.files['config.json'] = Buffer.from(JSON.stringify(config))
			else delete content.files['model.safetensors']
			const { first, notice, fetched } = await loaded()
			expect(first.config.family).toBe('open_clip')
			expect(notice).toMatch(reason)
			expect(notice).toMatch(/^someone\/tiny-clip holds two configs; using open_clip_config\.json/)
			expect(fetched).not.toMatch(/\/model\.safetensors/)
		})
	})

	it('shows the token to the hub only, whatever its form', async () => {
		content.token = 'a-mirrors-own-token'
		const { endpoint, leaked } = await startHub(content)
		await expect(loadCheckpoint(id, { endpoint })).rejects.toThrow(/not public.*or set HF_TOKEN/)
		vi.stubEnv('HF_TOKEN', content.token)
		expect((await loadCheckpoint(id, { endpoint })).revision).toBe(commit)
		expect(leaked).toEqual([])
		await expect(loadCheckpoint(id, { endpoint, token: 'wrong' })).rejects.toThrow(/HF_TOKEN may read it/)
	})
})

describe('loadCheckpoint refuses', () => {
	const blobs = () => readdir(join(storage, 'blobs'))

	it('a download that broke off, and leaves nothing of it', async () => {
		content.brokenAfter.set('model.safetensors', 5000)
		const { endpoint } = await startHub(content)
		await expect(loadCheckpoint(id, { endpoint })).rejects.toThrow(/Cannot fetch|ended after|failed/)
		expect((await blobs()).length).toBe(3)
		await expect(lstat(join(storage, 'snapshots', commit, 'model.safetensors'))).rejects.toThrow(/ENOENT/)
		content.brokenAfter.clear()
		expect((await loadCheckpoint(id, { endpoint })).weights.size).toBe(46)
	})

	it('a download whose content is not what the hub announced', async () => {
		const weights = content.files['model.safetensors']!
		const flipped = Buffer.from(weights)
		flipped[9000]! ^= 1
		const { endpoint } = await startHub(content)
		const config = Buffer.from(content.files['config.json']!)
		config[config.indexOf(' ')] = 0x09
		content.corrupted.set('config.json', config)
		await expect(loadCheckpoint(id, { endpoint })).rejects.toThrow(/config\.json is damaged: its fingerprint/)
		content.corrupted.clear()
		content.corrupted.set('model.safetensors', flipped)
		await expect(loadCheckpoint(id, { endpoint })).rejects.toThrow(/model\.safetensors is damaged: its fingerprint/)

		content.corrupted.set('model.safetensors', weights.subarray(0, 9000))
		await expect(loadCheckpoint(id, { endpoint })).rejects.toThrow(/ended after 9000 of 15748 bytes/)
		expect((await blobs()).length).toBe(3)
	})

	it('what is not there', async () => {
		const { endpoint } = await startHub(content)
		await expect(loadCheckpoint('no/where', { endpoint })).rejects.toThrow(/no\/where .* does not exist/)
		await expect(loadCheckpoint(id, { endpoint, revision: 'v9' })).rejects.toThrow(/revision v9.* does not exist/)
		await expect(loadCheckpoint(id, { endpoint, revision: '../x' })).rejects.toThrow(/is not a revision/)
		await expect(loadCheckpoint(id, { offline: true })).rejects.toThrow(/not in the cache .*HF_HUB_OFFLINE forbids/)
		delete content.files['config.json']
		await expect(loadCheckpoint(id, { endpoint })).rejects.toThrow(/needs config\.json and one of .*it has README\.md/)
	})

	it('a cache that cannot be written', async () => {
		const { endpoint } = await startHub(content)
		await mkdir(hub, { mode: 0o555 })
		await expect(withoutSuperuser(() => loadCheckpoint(id, { endpoint }))).rejects.toThrow(/No permission to write/)
		await chmod(hub, 0o755)
		await writeFile(join(hub, 'file'), '')
		await expect(loadCheckpoint(id, { endpoint, hubCacheDirectory: join(hub, 'file') })).rejects.toThrow(
			/is not a folder/,
		)
	})
})

describe('an existing folder', () => {
	it('wins over a hub id of the same name', async () => {
		const folder = await temporaryFolder()
		await cp(join(fixtures, 'tiny'), join(folder, 'someone', 'tiny-clip'), { recursive: true })
		const before = process.cwd()
		process.chdir(folder)
		try {
			const { directory, revision } = await loadCheckpoint(id)
			expect(revision).toBeUndefined()
			expect((await stat(directory)).isDirectory()).toBe(true)
		} finally {
			process.chdir(before)
		}
	})
})
