/** What every use of the hub shares: names, tokens, the cache's revisions, and error messages. */

import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { HubApiError } from '@huggingface/hub'
import { NaptuneError } from '../core/errors.js'
import { writeFileAtomic } from '../files/atomic-write.js'
import { isConnectionFailure, UnusableAnswer } from './hub-answer.js'
import type { HubSettings } from './hub-settings.js'

/** A repository of the hub at a revision. */
export interface HubRepository {
	/** `owner/name`, or a bare name. */
	readonly id: string
	/** Branch, tag or commit hash. */
	readonly revision: string
	/** The repository's folder in the cache. */
	readonly storage: string
	/** An alternative for errors, as a sentence without its full stop, such as `give the path of a folder`. */
	readonly otherwise: string
}

/**
 * Names a repository and its place in the cache.
 * @throws NaptuneError if the revision is malformed.
 */
export function hubRepository(
	kind: 'models' | 'datasets',
	id: string,
	revision: string,
	{ cacheDirectory }: HubSettings,
	otherwise: string,
): HubRepository {
	if (!/^[\w][\w./-]*$/.test(revision) || revision.includes('..')) {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`${JSON.stringify(revision)} is not a revision; give a branch, a tag or a commit hash.`,
		)
	}
	return { id, revision, storage: join(cacheDirectory, `${kind}--${id.replace('/', '--')}`), otherwise }
}

/**
 * Fetches from the hub, or uses the cache if the network is forbidden or fails, or the hub is out of order.
 * @param fetchIt Fetches from the hub. @param cached Returns the cached content of a commit; undefined if incomplete.
 * @throws NaptuneError if the repository or revision does not exist, access is refused, or there is neither a usable answer
 * nor a cached copy.
 */
export async function throughCache<T>(
	repository: HubRepository,
	settings: HubSettings,
	fetchIt: () => Promise<T>,
	cached: (commit: string) => Promise<T | undefined>,
	onNotice: (notice: string) => void = () => {},
): Promise<T> {
	const { id, revision, otherwise } = repository
	const fromCache = async (onUse: (commit: string) => void) => {
		const commit = await recordedCommit(repository)
		const found = commit === undefined ? undefined : await cached(commit)
		if (commit !== undefined && found !== undefined) onUse(commit)
		return found
	}
	if (settings.offline) {
		const found = await fromCache(() => {})
		if (found !== undefined) return found
		throw new NaptuneError(
			'NAP_HUB_UNREACHABLE',
			`${id} (revision ${revision}) is not in the cache ${settings.cacheDirectory}, and HF_HUB_OFFLINE forbids fetching it. Unset HF_HUB_OFFLINE, or ${otherwise}.`,
		)
	}
	try {
		return await fetchIt()
	} catch (error) {
		const refused = error instanceof HubApiError
		// Any other refusal concerns this repository, and its cached copy may have been withdrawn.
		if (refused && error.statusCode < 500 && error.statusCode !== 429) throw explainAnswer(error, repository, settings)
		const unusable = error instanceof UnusableAnswer
		if (!refused && !unusable && !isConnectionFailure(error)) throw error
		const reason = refused ? `it answered ${error.statusCode}` : unusable ? error.reason : connectionFailure(error)
		const found = await fromCache((commit) =>
			onNotice(`Cannot reach ${settings.endpoint} (${reason}); using the cached ${id} of commit ${commit}.`),
		)
		if (found !== undefined) return found
		if (refused) throw explainAnswer(error, repository, settings)
		throw new NaptuneError(
			'NAP_HUB_UNREACHABLE',
			`Cannot fetch ${id} from ${settings.endpoint} (${reason}), and the cache ${settings.cacheDirectory} does not hold it. ${unusable ? error.advice : 'Check the connection and HF_ENDPOINT.'} Or ${otherwise}.`,
			{ cause: error },
		)
	}
}

/** @throws NaptuneError if this is not a commit hash; it becomes the name of a folder. */
export function requireCommit(commit: string, id: string, { endpoint }: HubSettings): void {
	if (isCommit(commit)) return
	throw new NaptuneError(
		'NAP_HUB_UNREACHABLE',
		`${endpoint} sent an invalid commit for ${id}: ${JSON.stringify(commit.slice(0, 80))}.`,
	)
}

/** Records the commit of a revision in the cache, so that it can be found offline. */
export async function recordRevision({ storage, revision }: HubRepository, commit: string): Promise<void> {
	if (revision === commit) return
	const path = join(storage, 'refs', revision)
	if ((await readFile(path, 'utf8').catch(() => '')).trim() === commit) return
	try {
		await mkdir(dirname(path), { recursive: true })
		await writeFileAtomic(path, commit)
	} catch {
		// All files are cached, so a read-only cache is no failure: the revision is only found by its commit hash.
	}
}

async function recordedCommit({ storage, revision }: HubRepository): Promise<string | undefined> {
	const recorded = await readFile(join(storage, 'refs', revision), 'utf8').catch(() => revision)
	const commit = recorded.trim()
	return isCommit(commit) ? commit : undefined
}

/** Whether a revision is a commit, which never changes. */
export function isCommit(revision: string): boolean {
	return /^[0-9a-f]{40}$/.test(revision)
}

/** Adds the token to requests to the hub itself; redirect targets are already signed and must not see the token. */
export function authorized(send: typeof fetch, { endpoint, token }: HubSettings): typeof fetch {
	if (!token) return send
	const origin = new URL(endpoint).origin
	return (input, init) => {
		const address = input instanceof Request ? input.url : String(input)
		if (new URL(address).origin !== origin) return send(input, init)
		const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined))
		headers.set('Authorization', `Bearer ${token}`)
		return send(input, { ...init, headers })
	}
}

function explainAnswer(
	error: HubApiError,
	{ id, revision, otherwise }: HubRepository,
	{ endpoint, token }: HubSettings,
): NaptuneError {
	const where = `${id} (revision ${revision}) at ${endpoint}`
	const text = {
		401: `${where} does not exist or is not public. Check the name${token ? ' and that HF_TOKEN may read it' : ', or set HF_TOKEN'}; or ${otherwise}.`,
		403: `Access to ${where} is refused. Accept its terms on the hub and set HF_TOKEN to a token that may read it.`,
		404: `${where} does not exist. Check the name and revision; or ${otherwise}.`,
		429: `${endpoint} limits the rate of requests. Try again later${token ? '' : ', or set HF_TOKEN'}.`,
	}[error.statusCode]
	return new NaptuneError('NAP_HUB_REFUSED', text ?? `Cannot fetch ${where}: ${error.message} Try again later.`, {
		cause: error,
	})
}

function connectionFailure(error: unknown): string {
	const { cause, message } = error as TypeError
	return cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : message
}
