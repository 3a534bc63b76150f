/** The files of a data set on the hub at a commit, and its card. */

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
	/** The head of the README, as parsed by the hub; `{}` if there is none. */
	card: z.record(z.string(), z.unknown()),
	files: z.array(
		z.object({
			path: z.string(),
			size: z.int().nonnegative(),
			fingerprint: z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/),
		}),
	),
})

/** The parts of an answer that the library uses. */
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

/** Data sets of Parquet files have thousands; a longer listing never ends. */
const mostFiles = 1_000_000

/** All files, in sorted order. */
export type DatasetListing = z.output<typeof listingSchema>

/**
 * Fetches the listing from the hub and caches it.
 * @param onProgress Called four times a second while waiting for the hub; if it throws, the request ends.
 * @throws NaptuneError if the answer is not a listing; UnusableAnswer if there is none, it has no end, or is a web page;
 * HubApiError if the hub refuses; TypeError if the connection fails.
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
				`${endpoint} keeps listing files of ${id}, more than ${mostFiles} so far. Check HF_ENDPOINT.`,
			)
		}
	}
	const parsed = listingSchema.safeParse({ commit, card: info.cardData ?? {}, files })
	if (!parsed.success) {
		throw new NaptuneError(
			'NAP_HUB_UNREACHABLE',
			`${endpoint} sent an invalid listing of ${id}:\n${z.prettifyError(parsed.error).slice(0, 1000)}`,
		)
	}
	const listing = { ...parsed.data, files: parsed.data.files.sort((a, b) => (a.path < b.path ? -1 : 1)) }
	await keep(repository, listing)
	await recordRevision(repository, commit)
	return listing
}

/** The cached listing of a commit; undefined if it is missing or damaged. */
export async function cachedListing(repository: HubRepository, commit: string): Promise<DatasetListing | undefined> {
	try {
		return listingSchema.parse(JSON.parse(await readFile(pathOf(repository, commit), 'utf8')))
	} catch {
		return undefined
	}
}

/** In its own folder, which other programs that share this cache ignore. */
function pathOf({ storage }: HubRepository, commit: string): string {
	return join(storage, '.naptune', `${commit}.json`)
}

async function keep(repository: HubRepository, listing: DatasetListing): Promise<void> {
	const path = pathOf(repository, listing.commit)
	try {
		await mkdir(dirname(path), { recursive: true })
		await writeFileAtomic(path, JSON.stringify(listing))
	} catch {
		// Needed only offline; if the cache cannot be written, the downloads will report that.
	}
}
