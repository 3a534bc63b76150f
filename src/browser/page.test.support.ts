/** The page of the browser test: fetches a checkpoint and a run, and attacks on its own thread or in a worker. */

import { tunedModel } from '../evaluation/deployed/index.js'
import { createWebEngine } from '../runtime/web/index.js'
import { clipFromFiles } from '../vlm/index.js'
import { type Attacked, attackTuned } from './attack-tuned.test.support.js'

/** The task of the page. */
export interface PageTask {
	readonly threads: number
	readonly fixedBatch: number
}

/** The content of `/images.json`; `/pixels` holds the pixels. */
interface ImageList {
	readonly shape: readonly number[]
	readonly labels: readonly number[]
}

async function bytesOf(address: string): Promise<Uint8Array> {
	const response = await fetch(address)
	if (!response.ok) throw new Error(`${address}: ${response.status}`)
	return new Uint8Array(await response.arrayBuffer())
}

async function jsonOf<T>(address: string): Promise<T> {
	return (await fetch(address)).json()
}

async function attack({ threads, fixedBatch }: PageTask): Promise<Attacked> {
	if (!globalThis.crossOriginIsolated) throw new Error('The page is not isolated from other origins.')
	const clip = await clipFromFiles({
		config: await jsonOf('/model/config.json'),
		preprocessor: await jsonOf('/model/preprocessor_config.json'),
		tokenizer: await jsonOf('/model/tokenizer.json'),
		weights: await bytesOf('/model/model.safetensors'),
	})
	const model = tunedModel(clip, {
		description: await jsonOf('/run/run.json'),
		parameters: await bytesOf('/run/parameters.safetensors'),
	})
	const { shape, labels } = await jsonOf<ImageList>('/images.json')
	const pixels = new Float32Array((await bytesOf('/pixels')).buffer)
	const engine = await createWebEngine({ threads, fixedBatch, wasmPaths: `${location.origin}/ort/` })
	try {
		return await attackTuned(engine, model, { shape, labels, pixels })
	} finally {
		await engine.close()
	}
}

function inWorker(task: PageTask): Promise<Attacked> {
	const worker = new Worker('/page.js', { type: 'module' })
	return new Promise<Attacked>((resolve, reject) => {
		worker.onmessage = ({ data }) => ('error' in data ? reject(new Error(data.error)) : resolve(data))
		worker.onerror = ({ message }) => reject(new Error(message))
		worker.postMessage(task)
	}).finally(() => worker.terminate())
}

if (typeof document === 'undefined') {
	// biome-ignore lint/suspicious/noExplicitAny: the types of pages lack those of workers.
	const scope = globalThis as any
	scope.onmessage = ({ data }: MessageEvent<PageTask>) => {
		attack(data).then(scope.postMessage, (error) => scope.postMessage({ error: String(error) }))
	}
} else {
	Object.assign(globalThis, { attack, inWorker })
}
