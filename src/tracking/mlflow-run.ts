/** Finds or creates a run on an MLflow server. */

import { sha256OfBytes } from '../files/sha256.js'
import { type MlflowCall, MlflowFailure } from './mlflow-client.js'
import type { TrackedRun } from './tracker.js'

/** A run on the server, with the data it already has. */
export interface MlflowRun {
	readonly id: string
	/** Last steps by metric. */
	readonly steps: ReadonlyMap<string, number>
	/** Names of parameters already set, which cannot be changed. */
	readonly params: ReadonlySet<string>
}

/** Tag that identifies a run, so that a resumed one is found again. */
const identityTag = 'naptune.identity'

/** The run to continue, or a new one in the experiment, which is created if missing. */
export async function mlflowRun(
	call: MlflowCall,
	experiment: string,
	{ name, identity: whole, goesOn }: TrackedRun,
	startTime: number,
): Promise<MlflowRun> {
	const experimentId = await experimentOf(call, experiment)
	// A path may be too long for a tag, or contain characters that end a filter.
	const identity = sha256OfBytes(whole)
	const found = goesOn ? await findRun(call, experimentId, identity) : undefined
	if (found) {
		await call('runs/update', { run_id: found.id, status: 'RUNNING' })
		return found
	}
	const { run } = (await call('runs/create', {
		experiment_id: experimentId,
		run_name: name,
		start_time: startTime,
		tags: [
			{ key: 'mlflow.runName', value: name },
			{ key: 'mlflow.source.name', value: 'naptune' },
			{ key: identityTag, value: identity },
		],
	})) as { run?: { info?: { run_id?: unknown } } }
	return { id: text(run?.info?.run_id), steps: new Map(), params: new Set() }
}

async function experimentOf(call: MlflowCall, name: string): Promise<string> {
	const byName = async () => {
		const { experiment } = (await call('experiments/get-by-name', undefined, { experiment_name: name })) as {
			experiment?: { experiment_id?: unknown }
		}
		return text(experiment?.experiment_id)
	}
	try {
		return await byName()
	} catch (error) {
		if (!(error instanceof MlflowFailure && error.code === 'RESOURCE_DOES_NOT_EXIST')) throw error
	}
	try {
		return text((await call('experiments/create', { name })).experiment_id)
	} catch (error) {
		// Another run created it meanwhile.
		if (error instanceof MlflowFailure && error.code === 'RESOURCE_ALREADY_EXISTS') return byName()
		throw error
	}
}

async function findRun(call: MlflowCall, experimentId: string, identity: string): Promise<MlflowRun | undefined> {
	const answer = (await call('runs/search', {
		experiment_ids: [experimentId],
		filter: `tags.\`${identityTag}\` = '${identity}'`,
		max_results: 1,
		order_by: ['attributes.start_time DESC'],
	})) as { runs?: FoundRun[] }
	const run = answer.runs?.[0]
	if (!run) return undefined
	const { metrics = [], params = [] } = run.data ?? {}
	return {
		id: run.info.run_id,
		steps: new Map(metrics.map(({ key, step = 0 }) => [key, Number(step)])),
		params: new Set(params.map(({ key }) => key)),
	}
}

interface FoundRun {
	readonly info: { readonly run_id: string }
	readonly data?: {
		readonly metrics?: readonly { readonly key: string; readonly step?: number | string }[]
		readonly params?: readonly { readonly key: string }[]
	}
}

/** @throws MlflowFailure for an answer that is not MLflow's. */
function text(value: unknown): string {
	if (typeof value === 'string') return value
	throw new MlflowFailure('it does not answer like an MLflow server', 404)
}
