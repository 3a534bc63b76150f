import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { idsOf } from '../../data/dataset.js'
import { cifarPictures, parquetFile, plainFeatures } from '../../data/hub/parquet.test.support.js'
import { loadDataset } from '../../data/registry.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { type HubContent, startHub } from '../../hub/hub-server.test.helper.js'
import { loadPreset, presetConfig } from '../../methods/tuning/presets.js'
import { tinyClip } from '../../methods/tuning/tiny.test.support.js'
import { tune } from '../../methods/tuning/tune.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { loadTunedRun } from './tuned-run.js'

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

/** Tunes on data by its name, and opens the run. */
async function runOn(folder: string, data: string) {
	const clip = await tinyClip(join(folder, 'model'))
	const { config } = presetConfig(await loadPreset('tiny'), 'coop', { epochs: 1, shots: 1 })
	const dataset = await loadDataset(data, { seed: 4 })
	await tune({ engine, clip, dataset, config, output: join(folder, 'run') })
	return { dataset, run: await loadTunedRun(join(folder, 'run')) }
}

it('finds a manifest again, unless it has changed', async () => {
	const folder = await temporaryFolder()
	await mkdir(join(folder, 'photos'))
	const pictures = (await cifarPictures()).slice(0, 4)
	for (const [at, { bytes }] of pictures.entries()) await writeFile(join(folder, 'photos', `${at}.png`), bytes)
	const rows = pictures.map(({ label }, at) => `${at}.png,kind ${label}`)
	const path = join(folder, 'list.csv')
	await writeFile(path, ['image,class', ...rows].join('\n'))
	const { dataset, run } = await runOn(folder, `${path}?images=photos`)
	expect(idsOf((await run.dataset()).test)).toEqual(idsOf(dataset.test))
	await writeFile(path, ['image,class', ...rows.toReversed()].join('\n'))
	await expect(run.dataset()).rejects.toThrow(/The data in .*list\.csv\?images=photos has changed since/)
})

it('finds a data set of the hub again at its commit, whatever becomes of its branch', async () => {
	const folder = await temporaryFolder()
	for (const name of ['HF_HUB_OFFLINE', 'HF_TOKEN']) vi.stubEnv(name, undefined)
	vi.stubEnv('HF_HUB_DISABLE_IMPLICIT_TOKEN', '1')
	vi.stubEnv('HF_HUB_CACHE', join(folder, 'hub'))
	const pictures = (await cifarPictures()).slice(0, 4)
	const labels = pictures.map(({ label }) => label)
	const file = (label: readonly number[]) =>
		parquetFile(
			pictures.map(({ bytes }) => bytes),
			{ columns: { label }, features: plainFeatures(['plane', 'car']) },
		)
	const content: HubContent = {
		id: 'someone/pictures',
		commit: '0123456789abcdef0123456789abcdef01234567',
		files: { 'data/train-00000-of-00001.parquet': file(labels) },
		corrupted: new Map(),
		brokenAfter: new Map(),
	}
	const server = await startHub(content)
	vi.stubEnv('HF_ENDPOINT', server.endpoint)
	try {
		const { dataset, run } = await runOn(folder, 'hf:someone/pictures')
		content.commit = content.commit.replace('0', 'f')
		content.files = { 'data/train-00000-of-00001.parquet': file(labels.toReversed()) }
		expect((await loadDataset('hf:someone/pictures')).origin).not.toEqual(dataset.origin)
		vi.stubEnv('HF_HUB_OFFLINE', '1')
		const again = await run.dataset()
		expect([again.origin, idsOf(again.test)]).toEqual([dataset.origin, idsOf(dataset.test)])
	} finally {
		vi.unstubAllEnvs()
	}
})
