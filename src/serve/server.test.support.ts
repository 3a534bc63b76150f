/** A server in this process on a model that runs in a millisecond, and what it should answer. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import sharp from 'sharp'
import { float32, type Tensor } from '../core/tensor.js'
import { initialParameters } from '../defenses/defense.js'
import { prepareDefense } from '../defenses/registry.js'
import { type ClassifiedImage, classify } from '../evaluation/deployed/classify.js'
import { type DeployedModel, deployedClassifier } from '../evaluation/deployed/deployed-classifier.js'
import type { Calibration } from '../evaluation/detection/recorded-calibration.js'
import { tinyClip } from '../methods/tuning/tiny.test.support.js'
import { generator } from '../random/counter-based.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import type { ServedModel } from './served-model.js'
import { servedRun } from './served-run.js'
import { runServer, type ServerOptions, type ServerSummary } from './server.js'
import type { ServerEvent } from './server-events.js'

/** What all tests of a file share. */
export interface Bench {
	readonly engine: ModelEngine
	readonly run: DeployedModel
	readonly calibration: Calibration
	/** JPEG and PNG files of several sizes. */
	readonly pictures: readonly Uint8Array<ArrayBuffer>[]
	/** What the job says of the pictures. */
	readonly expected: readonly ClassifiedImage[]
	close(): Promise<void>
}

/** NAP with refiners that do something, on a tiny CLIP. */
export async function createBench(): Promise<Bench> {
	const folder = await mkdtemp(join(tmpdir(), 'naptune-serve-'))
	const engine = await createEngine({ threads: 2, spinning: false })
	const clip = await tinyClip(folder)
	const defense = prepareDefense('nap', clip, ['cat', 'dog', 'ship'], { textPrompts: 2, visualPrompts: 2 })
	const run = { clip, defense, parameters: stirred(await initialParameters(defense, 1)) }
	const pictures = await Promise.all(Array.from({ length: 24 }, (_, index) => noisyPicture(index)))
	const paths = await Promise.all(
		pictures.map(async (bytes, index) => {
			const path = join(folder, `${index}.png`)
			await writeFile(path, bytes)
			return path
		}),
	)
	const calibration = calibrationOf(Array.from({ length: 39 }, (_, index) => (index + 1) / 40))
	const classifier = await deployedClassifier(engine, clip, defense, run.parameters)
	const corrections = { calibration, falsePositiveRate: 0.05 }
	const expected: ClassifiedImage[] = []
	for await (const image of classify(clip, classifier, paths, { top: 3, corrections })) expected.push(image)
	return {
		engine,
		run,
		calibration,
		pictures,
		expected,
		async close() {
			await classifier.release()
			await engine.close()
			await rm(folder, { recursive: true, force: true })
		},
	}
}

/** Start values stand for trained ones once nothing in them is zero. */
function stirred(parameters: Readonly<Record<string, Tensor<'float32'>>>): Record<string, Tensor<'float32'>> {
	return Object.fromEntries(
		Object.entries(parameters).map(([name, { shape, data }]) => {
			const stream = generator(2, 'stirred', name)
			return [
				name,
				float32(
					shape,
					data.map((value) => value + 0.2 * stream.normal()),
				),
			]
		}),
	)
}

async function noisyPicture(index: number): Promise<Uint8Array<ArrayBuffer>> {
	const stream = generator(1, 'served-picture', index)
	const size = { width: 17 + stream.below(40), height: 16 + stream.below(40), channels: 3 as const }
	const bytes = Buffer.from(Array.from({ length: size.width * size.height * 3 }, () => stream.below(256)))
	const picture = sharp(bytes, { raw: size })
	return Uint8Array.from(await (index % 2 === 0 ? picture.png() : picture.jpeg()).toBuffer())
}

function calibrationOf(correction: readonly number[]): Calibration {
	const sha = '0'.repeat(64)
	return {
		format: 1,
		key: { model: sha, parameters: sha, ids: sha, split: 'validation', images: correction.length },
		scores: { correction },
		thresholds: [],
	}
}

/** A running server. */
export interface TestServer {
	readonly url: string
	readonly events: readonly ServerEvent[]
	/** Asks it to stop. @returns What it did. */
	stop(): Promise<ServerSummary>
	readonly ended: Promise<ServerSummary>
	/** Posts to /v1/classify. */
	post(body: BodyInit, type?: string, more?: RequestInit & { readonly query?: string }): Promise<Response>
}

/** The run as a server loads it. @param milliseconds That every batch takes longer. */
export async function servedBench({ engine, run, calibration }: Bench, milliseconds = 0): Promise<ServedModel> {
	const classifier = await deployedClassifier(engine, run.clip, run.defense, run.parameters)
	const model = servedRun({ engine, run, classifier, calibration, falsePositiveRate: 0.05 })
	return {
		...model,
		async evaluate(pixels) {
			await wait(milliseconds)
			return model.evaluate(pixels)
		},
	}
}

/** Starts a server; limits are small, so that tests reach them. */
export async function startServer(bench: Bench, options: Partial<ServerOptions> = {}): Promise<TestServer> {
	const controller = new AbortController()
	const events: ServerEvent[] = []
	let isReady = (_: string) => {}
	const ready = new Promise<string>((resolve) => {
		isReady = resolve
	})
	const ended = runServer(
		{
			host: '127.0.0.1',
			port: 0,
			allowHost: [],
			allowOrigin: [],
			limits: { bodyBytes: 200_000, images: 8, pixels: 1_000_000, classes: 5 },
			queue: 64,
			batchSize: 8,
			batchWindow: 2,
			decodeThreads: 1,
			requestTimeout: 10,
			grace: 5,
			load: () => servedBench(bench),
			onEvent(event) {
				events.push(event)
				if (event.event === 'ready') isReady(event.url)
			},
			...options,
		},
		controller.signal,
	)
	const url = await Promise.race([ready, ended.then(() => '')])
	return {
		url,
		events,
		ended,
		stop() {
			controller.abort()
			return ended
		},
		post: (body, type, { query = '', headers, ...more } = {}) =>
			fetch(`${url}/v1/classify${query}`, {
				method: 'POST',
				body,
				headers: { ...(type === undefined ? {} : { 'Content-Type': type }), ...(headers as Record<string, string>) },
				...more,
			}),
	}
}
