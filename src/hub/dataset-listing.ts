/** The files of a data set on the hub at a commit, and what its card says of them. */

import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { datasetInfo, listFiles } from '@huggingface/hub'
import { z } from 'zod'
import { NaptuneError } from '../core/errors.js'
import { writeFileAtomic } from '../files/atomic-write.js'
import { authorized, type HubRepository, recordRevision, requireCommit } from './hub-access.js'
import type { HubSettings } from './hub-settings.js'

const listingSchema = z.object({
	commit: z.string(),
	/** The head of the README, as the hub has parsed it; `{}` where there is none. */
	card: z.record(z.string(), z.unknown()),
	files: z.array(
		z.object({
			path: z.string(),
			size: z.int().nonnegative(),
			fingerprint: z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/),
		}),
	),
})

/** All files, in sorted order. */
export type DatasetListing = z.output<typeof listingSchema>

/**
 * Asks the hub for the listing and keeps it in the cache.
 * @throws NaptuneError when the answer is no listing; HubApiError when the hub refuses; TypeError
 * when the connection fails.
 */
export async function fetchListing(
	repository: HubRepository,
	settings: HubSettings,
	send: typeof fetch = fetch,
): Promise<DatasetListing> {
	const { id, revision } = repository
	const shared = { hubUrl: settings.endpoint, fetch: authorized(send, settings) }
	const info = await datasetInfo({ name: id, revision, additionalFields: ['sha', 'cardData'], ...shared })
	const commit = info.sha
	requireCommit(commit, id, settings)
	const known = await cachedListing(repository, commit)
	if (known) {
		await recordRevision(repository, commit)
		return known
	}
	const files: unknown[] = []
	const repo = { type: 'dataset', name: id } as const
	for await (const { type, path, size, oid, lfs } of listFiles({
		repo,
		revision: commit,
		recursive: true,
		...shared,
	})) {
		if (type === 'file') files.push({ path, size: lfs?.size ?? size, fingerprint: lfs?.oid ?? oid })
	}
	const parsed = listingSchema.safeParse({ commit, card: info.cardData ?? {}, files })
	if (!parsed.success) {
		throw new NaptuneError(
			`${settings.endpoint} sent a listing of ${id} that cannot be read:\n${z.prettifyError(parsed.error)}`,
		)
	}
	const listing = { ...parsed.data, files: parsed.data.files.sort((a, b) => (a.path < b.path ? -1 : 1)) }
	await keep(repository, listing)
	await recordRevision(repository, commit)
	return listing
}

/** The listing of a commit as it was kept; undefined where it was not, or is damaged. */
export async function cachedListing(repository: HubRepository, commit: string): Promise<DatasetListing | undefined> {
	try {
		return listingSchema.parse(JSON.parse(await readFile(pathOf(repository, commit), 'utf8')))
	} catch {
		return undefined
	}
}

/** In a folder of its own, which other programs that use this cache pass over. */
function pathOf({ storage }: HubRepository, commit: string): string {
	return join(storage, '.naptune', `${commit}.json`)
}

async function keep(repository: HubRepository, listing: DatasetListing): Promise<void> {
	const path = pathOf(repository, listing.commit)
	try {
		await mkdir(dirname(path), { recursive: true })
		await writeFileAtomic(path, JSON.stringify(listing))
	} catch {
		// Only needed offline; where nothing can be written, the downloads will say so.
	}
}
