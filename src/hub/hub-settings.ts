/** Where the Hugging Face hub is and where its cache lies, by the variables that huggingface_hub documents. */

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
	/** Whether the network must not be used. */
	readonly offline: boolean
	/** Access token, for gated and private repositories. */
	readonly token?: string
}

/**
 * Reads `HF_ENDPOINT`, `HF_HUB_OFFLINE` (or `TRANSFORMERS_OFFLINE`), `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE`, `HF_HOME`,
 * `XDG_CACHE_HOME`, `HF_TOKEN` and `HF_TOKEN_PATH`, in the precedence of huggingface_hub.
 * @throws NaptuneError when `HF_ENDPOINT` is not an http(s) address.
 */
export function hubSettings(environment: NodeJS.ProcessEnv = process.env): HubSettings {
	const endpoint = (environment.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '')
	if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) {
		throw new NaptuneError(
			`HF_ENDPOINT is ${JSON.stringify(endpoint)}, an address such as https://huggingface.co is expected.`,
		)
	}
	const home = environment.HF_HOME || join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface')
	const token = tokenOf(environment, home)
	return {
		endpoint,
		cacheDirectory: expandHome(environment.HF_HUB_CACHE || environment.HUGGINGFACE_HUB_CACHE || join(home, 'hub')),
		offline: isOn(environment.HF_HUB_OFFLINE) || isOn(environment.TRANSFORMERS_OFFLINE),
		...defined({ token: token || undefined }),
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
