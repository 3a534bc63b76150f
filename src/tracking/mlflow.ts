/** Tracks a run on an MLflow server in the background. */

import { flatSettings, settingText } from '../files/flat-settings.js'
import { MlflowFailure, type MlflowServer, mlflowClient } from './mlflow-client.js'
import { type MlflowRun, mlflowRun } from './mlflow-run.js'
import type { TrackedRun, TrackedStatus, Tracker } from './tracker.js'

/** The server's limits on batch sizes and on the lengths of names and values. */
const limits = { metrics: 800, params: 100, tags: 100, key: 250, value: 500, tag: 5000 } as const

/** Maximum number of metrics that wait for an unreachable server; the oldest are dropped first. */
const mostWaiting = 100_000

/** Milliseconds that {@link Tracker.close} waits for the server. */
const closePatience = 15_000

const statuses: Readonly<Record<TrackedStatus, string>> = { finished: 'FINISHED', failed: 'FAILED', stopped: 'KILLED' }

interface Metric {
	readonly key: string
	readonly value: number
	readonly timestamp: number
	readonly step: number
}

interface KeyValue {
	readonly key: string
	readonly value: string
}

/** Options of an MLflow tracker. */
export interface MlflowOptions {
	readonly server: MlflowServer
	/** Name of the experiment on the server. */
	readonly experiment: string
	readonly run: TrackedRun
	/** Called once if sending fails. */
	readonly warn: (text: string) => void
}

/**
 * Sends a run to a server. Data that fail to send go with the next metrics, or at the end. Skips non-finite numbers.
 */
export function openMlflow({ server, experiment, run, warn }: MlflowOptions): Tracker {
	const started = Date.now()
	const given = new AbortController()
	const call = mlflowClient(server, given.signal)
	const waiting = { metrics: [] as Metric[], params: [] as KeyValue[], tags: [] as KeyValue[] }
	let known: MlflowRun | undefined
	let refused = false
	let warned = false
	let failures = 0
	let sending: Promise<void> | undefined

	const failed = (error: unknown) => {
		failures++
		const { message } = error as Error
		const passes = error instanceof MlflowFailure && error.passes
		if (!warned) {
			const away = passes ? 'is unreachable' : 'rejects the data'
			warn(`MLflow at ${server.url.href} ${away} (${message}). The run continues; its own log has everything.`)
		}
		warned = true
		// Missing permissions or a missing run fail all later requests too; one bad batch says nothing about the next.
		const batchOnly = error instanceof MlflowFailure && error.status === 400 && known !== undefined
		refused ||= !passes && !batchOnly
	}
	const send = async () => {
		try {
			known ??= await mlflowRun(call, experiment, run, started)
			for (let batch = nextBatch(known); batch; batch = nextBatch(known)) {
				try {
					await call('runs/log-batch', { run_id: known.id, ...batch.content })
				} catch (error) {
					if (!(error instanceof MlflowFailure) || error.passes) throw error
					failed(error)
				}
				if (refused) return
				batch.remove()
			}
		} catch (error) {
			failed(error)
		}
	}
	const nextBatch = ({ steps, params: logged }: MlflowRun) => {
		waiting.metrics = waiting.metrics.filter(({ key, step }) => step > (steps.get(key) ?? -1))
		waiting.params = waiting.params.filter(({ key }) => !logged.has(key))
		const metrics = waiting.metrics.slice(0, limits.metrics)
		const params = waiting.params.slice(0, limits.params)
		const tags = waiting.tags.slice(0, limits.tags)
		if (metrics.length + params.length + tags.length === 0) return undefined
		const sent = new Set<unknown>([...metrics, ...params, ...tags])
		return {
			content: { metrics, params, tags },
			remove: () => {
				waiting.metrics = waiting.metrics.filter((one) => !sent.has(one))
				waiting.params = waiting.params.filter((one) => !sent.has(one))
				waiting.tags = waiting.tags.filter((one) => !sent.has(one))
			},
		}
	}
	const flush = () => {
		if (refused) return
		sending ??= send().finally(() => {
			sending = undefined
		})
	}
	return {
		params(settings) {
			for (const [key, value] of flatSettings(settings)) {
				// Some stores treat an empty value as missing.
				const text = settingText(value) || '(empty)'
				waiting.params.push({ key: cut(nameOf(key), limits.key), value: cut(text, limits.value) })
			}
			flush()
		},
		metrics(step, values) {
			const timestamp = Date.now()
			for (const [key, value] of Object.entries(values)) {
				if (Number.isFinite(value)) {
					waiting.metrics.push({ key: cut(nameOf(key), limits.key), value, timestamp, step })
				}
			}
			waiting.metrics.splice(0, waiting.metrics.length - mostWaiting)
			flush()
		},
		text(name, markdown) {
			// MLflow shows this as the description of a run.
			const key = name === 'protocol' ? 'mlflow.note.content' : `naptune.${nameOf(name)}`
			waiting.tags.push({ key, value: cut(markdown, limits.tag) })
			flush()
		},
		async close(status) {
			const timer = setTimeout(() => given.abort(), closePatience)
			try {
				const before = failures
				await sending
				// All retries just failed; another round would only keep people waiting.
				if (refused || failures > before) return
				await send()
				if (!known || refused || failures > before) return
				await call('runs/update', { run_id: known.id, status: statuses[status], end_time: Date.now() })
			} catch (error) {
				failed(error)
			} finally {
				clearTimeout(timer)
			}
		},
	}
}

/** Replaces characters that some servers reject in names. */
function nameOf(text: string): string {
	return text.replaceAll(/[^\w./ -]/g, '_')
}

function cut(text: string, length: number): string {
	return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}
