/** Exports on the Hugging Face hub. */

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createRepo, HubApiError, uploadFiles } from '@huggingface/hub'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { isConnectionFailure } from '../hub/hub-answer.js'
import type { HubSettings } from '../hub/hub-settings.js'

/** What of the hub's settings a push needs. */
export type PushSettings = Pick<HubSettings, 'endpoint' | 'token' | 'offline'>

/** Where a push ended. */
export interface PushedExport {
	/** Address of the repository. */
	readonly url: string
	/** Hash of the commit. */
	readonly commit: string
}

/**
 * Checks, before any work, that a push can be asked for.
 * @throws NaptuneError for what is no `owner/name`, without a token, or where the network is forbidden.
 */
export function checkPush(repository: string, { token, offline }: Pick<PushSettings, 'token' | 'offline'>): void {
	if (!/^[\w][\w.-]*\/[\w][\w.-]*$/.test(repository) || /\.\.|--/.test(repository)) {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`${JSON.stringify(repository)} is not a repository of the hub; give owner/name.`,
		)
	}
	if (offline) {
		throw new NaptuneError('NAP_OPTION_CONFLICT', 'HF_HUB_OFFLINE forbids to push. Unset it, or leave --push out.')
	}
	if (token === undefined) {
		throw new NaptuneError(
			'NAP_OPTION_MISSING',
			'A push needs an access token with the right to write: set HF_TOKEN, or log in with the hub’s own command (hf auth login).',
		)
	}
}

/**
 * Pushes the files of an export as one commit; the repository is made where there is none.
 * @param folder That holds the export. @param names Of all its files, below the folder.
 * @throws NaptuneError when the hub refuses or cannot be reached; the folder stays as it is.
 */
export async function pushExport(
	folder: string,
	names: readonly string[],
	repository: string,
	settings: PushSettings,
	{ isPrivate = false, signal }: { readonly isPrivate?: boolean; readonly signal?: AbortSignal } = {},
): Promise<PushedExport> {
	checkPush(repository, settings)
	const { endpoint, token } = settings
	const hub = { repo: repository, hubUrl: endpoint, ...defined({ accessToken: token }) }
	try {
		await createRepo({ ...hub, repo: { type: 'model', name: repository }, private: isPrivate }).catch(
			(error: unknown) => {
				// It is there already.
				if (!(error instanceof HubApiError) || error.statusCode !== 409) throw error
			},
		)
		const pushed = await uploadFiles({
			...hub,
			files: names.map((path) => ({ path, content: pathToFileURL(join(folder, path)) })),
			commitTitle: 'Upload the export',
			...defined({ abortSignal: signal }),
		})
		if (!pushed) throw new NaptuneError('NAP_HUB_REFUSED', `${endpoint} made no commit in ${repository}. Try again.`)
		return { url: `${endpoint}/${repository}`, commit: pushed.commit.oid }
	} catch (error) {
		if (signal?.aborted)
			throw new NaptuneError('NAP_STOPPED', `Stopped. The export is in ${folder}, and was not pushed.`)
		throw explained(error, folder, repository, endpoint)
	}
}

function explained(error: unknown, folder: string, repository: string, endpoint: string): unknown {
	if (error instanceof HubApiError) {
		const reason =
			error.statusCode === 401 || error.statusCode === 403
				? 'the token gives no right to write there'
				: `it answered ${error.statusCode}: ${error.message}`
		return new NaptuneError(
			'NAP_HUB_REFUSED',
			`The export is in ${folder}, but ${endpoint} refused to take it as ${repository}: ${reason}. Check HF_TOKEN and the name, then upload the folder (hf upload ${repository} ${folder}).`,
			{ cause: error },
		)
	}
	if (!isConnectionFailure(error)) return error
	return new NaptuneError(
		'NAP_HUB_UNREACHABLE',
		`The export is in ${folder}, but ${endpoint} cannot be reached. Check the connection and HF_ENDPOINT, then upload the folder (hf upload ${repository} ${folder}).`,
		{ cause: error },
	)
}
