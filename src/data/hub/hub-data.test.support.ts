/** A hub with a data set of twenty pictures, for tests that load it. */

import { join } from 'node:path'
import { expect, onTestFinished, vi } from 'vitest'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { type HubContent, startHub } from '../../hub/hub-server.test.helper.js'
import { type Dataset, labelsOf } from '../dataset.js'
import { cifarPictures, type FileOptions, type Picture, parquetFile, plainFeatures } from './parquet.test.support.js'

export const commit = '0123456789abcdef0123456789abcdef01234567'
export const data = 'hf:someone/pictures'
export const names = ['plane', 'car', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']
/** Positions of the pictures. */
export const all: readonly number[] = Array.from({ length: 20 }, (_, at) => at)
export const even: readonly number[] = all.filter((at) => at % 2 === 0)
export const odd: readonly number[] = all.filter((at) => at % 2 === 1)

/** Prepares an empty repository and an empty cache, whose folder for the repository is `storage`. */
export async function prepareHub() {
	const pictures = await cifarPictures()
	const files: Record<string, Uint8Array> = {}
	const content: HubContent = { id: data.slice(3), commit, files, corrupted: new Map(), brokenAfter: new Map() }
	const folder = await temporaryFolder()
	for (const name of ['HF_ENDPOINT', 'HF_HUB_OFFLINE', 'HF_TOKEN']) vi.stubEnv(name, undefined)
	vi.stubEnv('HF_HUB_DISABLE_IMPLICIT_TOKEN', '1')
	vi.stubEnv('HF_HUB_CACHE', folder)
	onTestFinished(() => {
		vi.unstubAllEnvs()
	})
	return { pictures, content, storage: join(folder, 'datasets--someone--pictures') }
}

/** Starts the hub, and points the environment to it. */
export async function start(content: HubContent) {
	const server = await startHub(content)
	vi.stubEnv('HF_ENDPOINT', server.endpoint)
	return server
}

/** A file of the pictures at these positions, with images and named classes unless `options` say otherwise. */
export function fileOf(
	pictures: readonly Picture[],
	positions: readonly number[],
	options: Partial<FileOptions> = {},
): Uint8Array {
	const chosen = positions.map((at) => pictures[at]!)
	return parquetFile(
		chosen.map(({ bytes }) => bytes),
		{ columns: { label: chosen.map(({ label }) => label) }, features: plainFeatures(names), ...options },
	)
}

/** Expects the pictures at these positions, with their labels. */
export async function expectPictures(
	pictures: readonly Picture[],
	{ train, test }: Dataset,
	trained: readonly number[],
	tested: readonly number[],
): Promise<void> {
	for (const [split, positions] of [
		[train, trained],
		[test, tested],
	] as const) {
		expect(labelsOf(split)).toEqual(positions.map((at) => pictures[at]!.label))
		// Backwards: no order of reading is special.
		for (let index = positions.length - 1; index >= 0; index--) {
			expect(Buffer.compare((await split.image(index)).rgb, pictures[positions[index]!]!.rgb)).toBe(0)
		}
	}
}
