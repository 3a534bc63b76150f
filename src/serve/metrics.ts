/** The server's metrics for Prometheus. */

/** Values read at each scrape. */
export interface Gauges {
	/** Accepted pictures without an answer. */
	images(): number
	/** Requests without an answer. */
	requests(): number
	/** 1 if the server accepts requests. */
	ready(): number
}

/** The counters of one server. */
export interface Metrics {
	request(entry: { readonly route: string; readonly status: number; readonly seconds: number }): void
	batch(batch: { readonly images: number; readonly seconds: number }): void
	flagged(images: number): void
	/** Prometheus' text format. Missing if `prom-client`, an optional peer dependency, is not installed. */
	readonly exposition?: Exposition
}

/** The answer of `/metrics`. */
export interface Exposition {
	text(): Promise<string>
	readonly contentType: string
}

/** Command that enables `/metrics`. */
export const metricsCure = 'npm install prom-client@15'

/**
 * Creates the counters in their own registry. Without `prom-client` it counts nothing; the package and its dependencies take
 * 7 MB that only scraped servers need.
 */
export async function createMetrics(
	gauges: Gauges,
	load: () => Promise<PromClient> = () => import('prom-client'),
): Promise<Metrics> {
	const client = await whereInstalled(load)
	return client ? countingMetrics(client, gauges) : { request() {}, batch() {}, flagged() {} }
}

type PromClient = typeof import('prom-client')

async function whereInstalled(load: () => Promise<PromClient>): Promise<PromClient | undefined> {
	try {
		return await load()
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return undefined
		throw error
	}
}

function countingMetrics(client: PromClient, gauges: Gauges): Metrics {
	const { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } = client
	const registry = new Registry()
	const registers = [registry]
	collectDefaultMetrics({ register: registry })
	const requests = new Counter({
		name: 'naptune_requests_total',
		help: 'Answered requests by route and status.',
		labelNames: ['route', 'status'],
		registers,
	})
	const requestSeconds = new Histogram({
		name: 'naptune_request_seconds',
		help: 'Time from the first byte of a request to its answer.',
		labelNames: ['route'],
		buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
		registers,
	})
	const images = new Counter({ name: 'naptune_images_total', help: 'Classified pictures.', registers })
	const flagged = new Counter({
		name: 'naptune_flagged_images_total',
		help: 'Pictures flagged as heavily corrected.',
		registers,
	})
	const batchImages = new Histogram({
		name: 'naptune_batch_images',
		help: 'Pictures per batch.',
		buckets: [1, 2, 4, 8, 16, 32, 64],
		registers,
	})
	const batchSeconds = new Histogram({
		name: 'naptune_batch_seconds',
		help: 'Engine time per batch.',
		buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
		registers,
	})
	const gauge = (name: string, help: string, read: () => number) =>
		new Gauge({
			name,
			help,
			registers,
			collect() {
				this.set(read())
			},
		})
	gauge('naptune_images_under_way', 'Accepted pictures without an answer.', gauges.images)
	gauge('naptune_requests_under_way', 'Requests without an answer.', gauges.requests)
	gauge('naptune_ready', '1 if the server accepts requests.', gauges.ready)
	return {
		request({ route, status, seconds }) {
			requests.inc({ route, status: String(status) })
			requestSeconds.observe({ route }, seconds)
		},
		batch(batch) {
			images.inc(batch.images)
			batchImages.observe(batch.images)
			batchSeconds.observe(batch.seconds)
		},
		flagged: (count) => flagged.inc(count),
		exposition: { text: () => registry.metrics(), contentType: registry.contentType },
	}
}
