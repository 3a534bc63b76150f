/** A run on an MLflow server, told in the background. */

import { flatSettings, settingText } from '../files/flat-settings.js'
import { MlflowFailure, type MlflowServer, mlflowClient } from './mlflow-client.js'
import { type MlflowRun, mlflowRun } from './mlflow-run.js'
import type { TrackedRun, TrackedStatus, Tracker } from './tracker.js'

/** What a server takes at once, and how long names and values may be. */
const limits = { metrics: 800, params: 100, tags: 100, key: 250, value: 500, tag: 5000 } as const

/** Numbers that wait for a server that is away; the oldest are given up first. */
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

/** How a server is used. */
export interface MlflowOptions {
	readonly server: MlflowServer
	/** Name of the experiment on the server. */
	readonly experiment: string
	readonly run: TrackedRun
	/** Called once if the server cannot be told something. */
	readonly warn: (text: string) => void
}

/**
 * Tells a server of a run. What it cannot be told now, it is told with the next numbers, or at the end.
 * Numbers that are not finite are left out.
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
			const away = passes ? 'cannot be told of the run' : 'rejects what it is sent'
			warn(`MLflow at ${server.url.href} ${away} (${message}). The run goes on; its own log has everything.`)
		}
		warned = true
		// Without right or place nothing else will go through either; one bad batch says nothing of the next.
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
	const nextBatch = ({ steps, params: told }: MlflowRun) => {
		waiting.metrics = waiting.metrics.filter(({ key, step }) => step > (steps.get(key) ?? -1))
		waiting.params = waiting.params.filter(({ key }) => !told.has(key))
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
				// An empty value is none to some stores.
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
			// What MLflow shows as the description of a run.
			const key = name === 'protocol' ? 'mlflow.note.content' : `naptune.${nameOf(name)}`
			waiting.tags.push({ key, value: cut(markdown, limits.tag) })
			flush()
		},
		async close(status) {
			const timer = setTimeout(() => given.abort(), closePatience)
			try {
				const before = failures
				await sending
				// Away just now, after all tries: another round would only keep people waiting.
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

/** Signs that every server takes in names. */
function nameOf(text: string): string {
	return text.replaceAll(/[^\w./ -]/g, '_')
}

function cut(text: string, length: number): string {
	return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}
