import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openMlflow } from './mlflow.js'
import { type MlflowServer, mlflowServer } from './mlflow-client.js'
import type { TrackedRun } from './tracker.js'

interface Asked {
	readonly method: string
	readonly path: string
	readonly authorization: string | undefined
	readonly body: Record<string, unknown>
}
type Answer = readonly [status: number, content: unknown] | 'broken'

const run: TrackedRun = { name: 'photos-tuning', identity: 'tuning photos', goesOn: false }
const missing: Answer = [404, { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'No.' }]
const usual: Readonly<Record<string, Answer>> = {
	'experiments/get-by-name': [200, { experiment: { experiment_id: '7' } }],
	'experiments/create': [200, { experiment_id: '8' }],
	'runs/create': [200, { run: { info: { run_id: 'r1' } } }],
	'runs/search': [200, {}],
	'runs/log-batch': [200, {}],
	'runs/update': [200, {}],
}

/** A server that remembers what it is asked. @param special Answers in turn, before the usual ones. */
async function startServer(special: Readonly<Record<string, readonly Answer[]>> = {}) {
	const asked: Asked[] = []
	const left = new Map(Object.entries(special).map(([endpoint, answers]) => [endpoint, [...answers]]))
	const server = createServer((request, response) => {
		void bodyOf(request).then((body) => {
			const path = request.url!.replace('/api/2.0/mlflow/', '')
			const { authorization } = request.headers
			asked.push({ method: request.method!, path, authorization, body })
			const endpoint = path.split('?')[0]!
			const answer = left.get(endpoint)?.shift() ?? usual[endpoint] ?? missing
			if (answer === 'broken') return request.socket.destroy()
			response.writeHead(answer[0], { 'content-type': 'application/json' })
			response.end(typeof answer[1] === 'string' ? answer[1] : JSON.stringify(answer[1]))
		})
	})
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
	const stop = () =>
		new Promise<void>((resolve) => {
			server.close(() => resolve())
			server.closeAllConnections()
		})
	onTestFinished(stop)
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
	return {
		asked,
		url,
		stop,
		batches: () => asked.filter(({ path }) => path === 'runs/log-batch').map(({ body }) => body),
	}
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
	let text = ''
	for await (const part of request) text += String(part)
	return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
}

function open(url: string, changes: Partial<TrackedRun> = {}, server: Partial<MlflowServer> = {}) {
	const warnings: string[] = []
	const tracker = openMlflow({
		server: { ...mlflowServer(url, {}), delays: [0, 0], ...server },
		experiment: 'tests',
		run: { ...run, ...changes },
		warn: (text) => warnings.push(text),
	})
	return { tracker, warnings }
}

/** All entries of one kind in batches. */
const all = (batches: readonly Record<string, unknown>[], kind: 'metrics' | 'params' | 'tags') =>
	batches.flatMap((batch) => batch[kind] as { key: string; value: unknown; step?: number }[])

describe('openMlflow', () => {
	it('makes a run, tells it everything and ends it', async () => {
		const { asked, url, batches } = await startServer()
		const { tracker, warnings } = open(url)
		tracker.params({ epochs: 2, attack: { epsilon: 0.5 }, name: '', odd: 'x'.repeat(600) })
		tracker.text('protocol', '**5** images')
		tracker.text('more/result', 'fine')
		tracker.metrics(1, { 'loss/clean': 0.5, 'a:b': 1, none: Number.NaN })
		tracker.metrics(2, { 'loss/clean': 0.25 })
		await tracker.close('finished')
		expect(warnings).toEqual([])
		expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
			'GET experiments/get-by-name?experiment_name=tests',
			'POST runs/create',
			'POST runs/log-batch',
			'POST runs/update',
		])
		expect(asked[1]!.body).toMatchObject({ experiment_id: '7', run_name: 'photos-tuning' })
		expect(asked[1]!.body.tags).toContainEqual({ key: 'mlflow.source.name', value: 'naptune' })
		const [batch] = batches()
		expect(batch!.run_id).toBe('r1')
		expect(batch!.params).toEqual([
			{ key: 'epochs', value: '2' },
			{ key: 'attack.epsilon', value: '0.5' },
			{ key: 'name', value: '(empty)' },
			{ key: 'odd', value: `${'x'.repeat(499)}…` },
		])
		expect(batch!.tags).toEqual([
			{ key: 'mlflow.note.content', value: '**5** images' },
			{ key: 'naptune.more/result', value: 'fine' },
		])
		const timestamp: unknown = expect.any(Number)
		expect(batch!.metrics).toEqual([
			{ key: 'loss/clean', value: 0.5, step: 1, timestamp },
			{ key: 'a_b', value: 1, step: 1, timestamp },
			{ key: 'loss/clean', value: 0.25, step: 2, timestamp },
		])
		expect(asked[3]!.body).toMatchObject({ run_id: 'r1', status: 'FINISHED' })
	})

	it('says how a run ended', async () => {
		const { asked, url } = await startServer()
		for (const status of ['failed', 'stopped'] as const) await open(url).tracker.close(status)
		expect(asked.filter(({ path }) => path === 'runs/update').map(({ body }) => body.status)).toEqual([
			'FAILED',
			'KILLED',
		])
	})

	it('makes the experiment where there is none, even when another run makes it meanwhile', async () => {
		const first = await startServer({ 'experiments/get-by-name': [missing] })
		await open(first.url).tracker.close('finished')
		expect(first.asked.find(({ path }) => path === 'experiments/create')!.body).toEqual({ name: 'tests' })
		expect(first.asked.find(({ path }) => path === 'runs/create')!.body.experiment_id).toBe('8')
		const second = await startServer({
			'experiments/get-by-name': [missing],
			'experiments/create': [[400, { error_code: 'RESOURCE_ALREADY_EXISTS', message: 'There.' }]],
		})
		const { tracker, warnings } = open(second.url)
		await tracker.close('finished')
		expect(warnings).toEqual([])
		expect(second.asked.find(({ path }) => path === 'runs/create')!.body.experiment_id).toBe('7')
	})

	it('goes on with the run that it had, and tells no step and no setting twice', async () => {
		const data = {
			metrics: [
				{ key: 'loss', value: 1, step: '2' },
				{ key: 'rate', value: 1 },
			],
			params: [{ key: 'epochs', value: '2' }],
		}
		const { asked, url, batches } = await startServer({
			'runs/search': [[200, { runs: [{ info: { run_id: 'old' }, data }] }]],
		})
		const { tracker } = open(url, { goesOn: true })
		tracker.params({ epochs: 3, shots: 4 })
		for (const step of [0, 1, 2, 3]) tracker.metrics(step, { loss: step, rate: step })
		await tracker.close('finished')
		const created = await startServer()
		await open(created.url).tracker.close('finished')
		const tags = created.asked.find(({ path }) => path === 'runs/create')!.body.tags as { key: string; value: string }[]
		const identity = tags.find(({ key }) => key === 'naptune.identity')!.value
		const search = asked.find(({ path }) => path === 'runs/search')!.body
		expect(search.filter).toBe(`tags.\`naptune.identity\` = '${identity}'`)
		expect(asked.some(({ path }) => path === 'runs/create')).toBe(false)
		expect(asked.find(({ path }) => path === 'runs/update')!.body).toEqual({ run_id: 'old', status: 'RUNNING' })
		expect(all(batches(), 'params')).toEqual([{ key: 'shots', value: '4' }])
		expect(all(batches(), 'metrics').map(({ key, step }) => `${key} ${step}`)).toEqual([
			'rate 1',
			'rate 2',
			'loss 3',
			'rate 3',
		])
	})

	it('keeps within what a server takes at once', async () => {
		const { url, batches } = await startServer()
		const { tracker } = open(url)
		tracker.params(Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`p${index}`, index])))
		for (let step = 0; step < 2000; step++) tracker.metrics(step, { loss: step })
		await tracker.close('finished')
		for (const { metrics, params } of batches() as { metrics: unknown[]; params: unknown[] }[]) {
			expect(params.length).toBeLessThanOrEqual(100)
			expect(metrics.length).toBeLessThanOrEqual(800)
			expect(metrics.length + params.length).toBeLessThanOrEqual(1000)
		}
		expect(all(batches(), 'params')).toHaveLength(250)
		expect(all(batches(), 'metrics').map(({ step }) => step)).toEqual(Array.from({ length: 2000 }, (_, step) => step))
	})

	it('tries again, and tells later what it could not tell before', async () => {
		const busy: Answer = [503, 'busy']
		const { asked, url, batches } = await startServer({
			'runs/create': ['broken', [429, {}]],
			'runs/log-batch': [busy, busy, busy],
		})
		const { tracker, warnings } = open(url)
		tracker.metrics(1, { loss: 1 })
		await vi.waitFor(() => expect(warnings).toHaveLength(1))
		await tracker.close('finished')
		// The first three tries of the batch fail; the last words bring it.
		expect(batches()).toHaveLength(4)
		expect(all(batches().slice(3), 'metrics').map(({ step }) => step)).toEqual([1])
		expect(warnings).toHaveLength(1)
		expect(asked.at(-1)).toMatchObject({ path: 'runs/update', body: { status: 'FINISHED' } })
		expect(warnings[0]).toMatch(/is unreachable \(status 503\)\. The run continues/)
	})

	it('lets the run go on when the server is away, and warns once', async () => {
		const { url, stop } = await startServer()
		await stop()
		const { tracker, warnings } = open(url)
		for (let step = 0; step < 5; step++) tracker.metrics(step, { loss: step })
		await tracker.close('finished')
		expect(warnings).toHaveLength(1)
		expect(warnings[0]).toContain('ECONNREFUSED')
	})

	it('waits no longer for an answer than it is told to', async () => {
		const silent = createServer(() => {})
		await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
		onTestFinished(() => {
			silent.closeAllConnections()
			silent.close()
		})
		const { port } = silent.address() as AddressInfo
		const { tracker, warnings } = open(`http://127.0.0.1:${port}`, {}, { patience: 20, delays: [] })
		tracker.metrics(1, { loss: 1 })
		await tracker.close('finished')
		expect(warnings).toHaveLength(1)
		expect(warnings[0]).toContain('timeout')
	})

	it('asks no more where it is refused, and shows no secret', async () => {
		const { asked, url } = await startServer({
			'experiments/get-by-name': [[401, { error_code: 'PERMISSION_DENIED', message: 'Who?' }]],
		})
		const secret = new URL(url)
		secret.username = 'me'
		secret.password = 's3cret'
		const { tracker, warnings } = open(secret.href)
		for (let step = 0; step < 5; step++) tracker.metrics(step, { loss: step })
		await tracker.close('finished')
		expect(asked).toHaveLength(1)
		expect(warnings).toEqual([
			`MLflow at ${url}/ rejects the data (status 401: Who?). The run continues; its own log has everything.`,
		])
	})

	it('goes on after a batch that the server does not like', async () => {
		const { url, batches } = await startServer({ 'runs/log-batch': [[400, { message: 'Not this.' }]] })
		const { tracker, warnings } = open(url)
		tracker.params(Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`p${index}`, index])))
		await tracker.close('finished')
		expect(batches().map(({ params }) => (params as unknown[]).length)).toEqual([100, 50])
		expect(warnings).toHaveLength(1)
	})

	it('is not confused by something else that answers', async () => {
		for (const answer of ['<html>', '{}', '[]', 'null']) {
			const { url } = await startServer({ 'experiments/get-by-name': [[200, answer]], 'runs/create': [[200, answer]] })
			const { tracker, warnings } = open(url)
			tracker.metrics(1, { loss: 1 })
			await tracker.close('finished')
			expect(warnings).toHaveLength(1)
			expect(warnings[0]).toContain('does not answer like an MLflow server')
		}
	})
})

describe('mlflowServer', () => {
	const address = 'http://host:5000/base/'

	it('takes credentials from the address, a token or a name, in this order', async () => {
		const environment = { MLFLOW_TRACKING_TOKEN: 't', MLFLOW_TRACKING_USERNAME: 'u', MLFLOW_TRACKING_PASSWORD: 'p' }
		expect(mlflowServer('http://a%40b:c@host', environment)).toMatchObject({
			credentials: { username: 'a@b', password: 'c' },
		})
		expect(mlflowServer('http://a%40b:c@host', environment).url.href).toBe('http://host/')
		expect(mlflowServer(address, environment).credentials).toEqual({ token: 't' })
		expect(mlflowServer(address, { MLFLOW_TRACKING_USERNAME: 'u' }).credentials).toEqual({
			username: 'u',
			password: '',
		})
		expect(mlflowServer(address, {}).credentials).toBeUndefined()
		const { asked, url } = await startServer()
		await open(url, {}, { credentials: { token: 't' } }).tracker.close('finished')
		await open(url, {}, { credentials: { username: 'ü', password: 'p' } }).tracker.close('finished')
		expect([...new Set(asked.map(({ authorization }) => authorization))]).toEqual(['Bearer t', 'Basic w7w6cA=='])
	})

	it('keeps the path of a server below another, and the server itself', async () => {
		const { asked, url } = await startServer()
		await open(`${url}/base/`).tracker.close('finished')
		expect(asked[0]!.path).toMatch(/^\/baseexperiments/)
		await open(`${url}//localhost:1/`).tracker.close('finished')
		expect(asked.at(-1)!.path).toMatch(/^\/\/localhost:1experiments/)
	})

	it('refuses credentials that cannot be sent, and does not show them', () => {
		expect(mlflowServer(address, { MLFLOW_TRACKING_TOKEN: 's3cret\n' }).credentials).toEqual({ token: 's3cret' })
		for (const [text, token, message] of [
			[address, 's3\ncret', 'MLFLOW_TRACKING_TOKEN contains'],
			[address, 's3cret…', 'MLFLOW_TRACKING_TOKEN contains'],
			['http://me:s3%@host', '', 'Write % as %25'],
		] as const) {
			const attempt = () => mlflowServer(text, { MLFLOW_TRACKING_TOKEN: token })
			expect(attempt).toThrow(message)
			expect(attempt).not.toThrow('s3')
		}
	})

	it('refuses what is no address', () => {
		for (const text of ['', 'localhost:5000', 'file:///runs', 'http://']) {
			expect(() => mlflowServer(text, {})).toThrow(/such as http:\/\/localhost:5000/)
		}
	})
})
