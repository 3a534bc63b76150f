/** Locates the Hugging Face hub and its cache, by the variables that huggingface_hub documents. */

import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'

/** Settings of the hub. */
export interface HubSettings {
	/** Address without a slash at the end. */
	readonly endpoint: string
	/** The cache's root, with one folder per repository. */
	readonly cacheDirectory: string
	/** Whether the network is forbidden. */
	readonly offline: boolean
	/** Access token, for gated and private repositories. */
	readonly token?: string
	/** Seconds without an answer, or a part of one, after which a request is abandoned. */
	readonly timeout: number
}

/** Three times the default of huggingface_hub, which retries where we give up. */
const defaultTimeout = 30

/**
 * Reads `HF_ENDPOINT`, `HF_HUB_OFFLINE` (or `TRANSFORMERS_OFFLINE`), `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE`, `HF_HOME`,
 * `XDG_CACHE_HOME`, `HF_TOKEN`, `HF_TOKEN_PATH` and `HF_HUB_DOWNLOAD_TIMEOUT`, in the precedence of huggingface_hub.
 * @throws NaptuneError if `HF_ENDPOINT` is not an http(s) address, or the time-out is not a positive number.
 */
export function hubSettings(environment: NodeJS.ProcessEnv = process.env): HubSettings {
	const endpoint = (environment.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '')
	if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`HF_ENDPOINT is ${JSON.stringify(endpoint)}; it must be an address such as https://huggingface.co.`,
		)
	}
	const home = environment.HF_HOME || join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface')
	const token = tokenOf(environment, home)
	const timeout = Number(environment.HF_HUB_DOWNLOAD_TIMEOUT || defaultTimeout)
	if (!(timeout > 0 && Number.isFinite(timeout))) {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`HF_HUB_DOWNLOAD_TIMEOUT is ${JSON.stringify(environment.HF_HUB_DOWNLOAD_TIMEOUT)}; it must be a number of seconds above 0.`,
		)
	}
	return {
		endpoint,
		cacheDirectory: expandHome(environment.HF_HUB_CACHE || environment.HUGGINGFACE_HUB_CACHE || join(home, 'hub')),
		offline: isOn(environment.HF_HUB_OFFLINE) || isOn(environment.TRANSFORMERS_OFFLINE),
		...defined({ token: token || undefined }),
		timeout,
	}
}

function tokenOf(environment: NodeJS.ProcessEnv, home: string): string | undefined {
	if (environment.HF_TOKEN?.trim()) return environment.HF_TOKEN.trim()
	if (isOn(environment.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return undefined
	try {
		return readFileSync(expandHome(environment.HF_TOKEN_PATH || join(home, 'token')), 'utf8').trim() || undefined
	} catch {
		return undefined
	}
}

function isOn(value: string | undefined): boolean {
	return ['1', 'ON', 'YES', 'TRUE'].includes(value?.toUpperCase() ?? '')
}

function expandHome(path: string): string {
	return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path
}
