/** The files of a data set on the hub at a commit, and what its card says of them. */

import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { datasetInfo, listFiles } from '@huggingface/hub'
import { z } from 'zod'
import { NaptuneError } from '../core/errors.js'
import { writeFileAtomic } from '../files/atomic-write.js'
import { authorized, type HubRepository, recordRevision, requireCommit } from './hub-access.js'
import type { Asking } from './hub-answer.js'
import { apiFetch } from './hub-api.js'
import type { DownloadProgress } from './hub-download.js'
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

/** What the library takes from an answer. */
const infoShape = z.looseObject({ sha: z.string(), cardData: z.record(z.string(), z.unknown()).nullish() })
const pageShape = z.array(
	z.looseObject({
		type: z.string(),
		path: z.string(),
		size: z.number(),
		oid: z.string().optional(),
		lfs: z.looseObject({ oid: z.string(), size: z.number() }).nullish(),
	}),
)

/** Data sets of Parquet files have thousands; a listing that goes on is one that never ends. */
const mostFiles = 1_000_000

/** All files, in sorted order. */
export type DatasetListing = z.output<typeof listingSchema>

/**
 * Asks the hub for the listing and keeps it in the cache.
 * @param onProgress Told four times a second while the hub lets wait; what it throws ends the asking.
 * @throws NaptuneError when the answer is no listing; UnusableAnswer when there is none, it has no end, or is a web page;
 * HubApiError when the hub refuses; TypeError when the connection fails.
 */
export async function fetchListing(
	repository: HubRepository,
	settings: HubSettings,
	onProgress?: (progress: DownloadProgress) => void,
	send: typeof fetch = fetch,
): Promise<DatasetListing> {
	const { id, revision } = repository
	const { endpoint, timeout } = settings
	const files: unknown[] = []
	const asking: Asking = {
		endpoint,
		timeout,
		fetch: authorized(send, settings),
		onWaiting: (waiting) =>
			onProgress?.({ file: `the list of files of ${id}`, received: files.length, total: undefined, waiting }),
	}
	const info = await datasetInfo({
		name: id,
		revision,
		additionalFields: ['sha', 'cardData'],
		hubUrl: endpoint,
		fetch: apiFetch(infoShape, asking),
	})
	const commit = info.sha
	requireCommit(commit, id, settings)
	const known = await cachedListing(repository, commit)
	if (known) {
		await recordRevision(repository, commit)
		return known
	}
	const repo = { type: 'dataset', name: id } as const
	const pages = { repo, revision: commit, recursive: true, hubUrl: endpoint, fetch: apiFetch(pageShape, asking) }
	for await (const { type, path, size, oid, lfs } of listFiles(pages)) {
		if (type === 'file') files.push({ path, size: lfs?.size ?? size, fingerprint: lfs?.oid ?? oid })
		if (files.length > mostFiles) {
			throw new NaptuneError(
				'NAP_HUB_UNREACHABLE',
				`${endpoint} lists more than ${mostFiles} files of ${id} and does not stop. Check HF_ENDPOINT.`,
			)
		}
	}
	const parsed = listingSchema.safeParse({ commit, card: info.cardData ?? {}, files })
	if (!parsed.success) {
		throw new NaptuneError(
			'NAP_HUB_UNREACHABLE',
			`${endpoint} sent a listing of ${id} that cannot be read:\n${z.prettifyError(parsed.error).slice(0, 1000)}`,
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
