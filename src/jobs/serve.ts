/** A tuned model behind HTTP. */

import { resolve } from 'node:path'
import { z } from 'zod'
import { defined } from '../core/defined.js'
import { deployedClassifier } from '../evaluation/deployed/deployed-classifier.js'
import { isExport, loadExport } from '../export/load-export.js'
import { count } from '../records/parts/fields.js'
import type { ServedModel } from '../serve/served-model.js'
import type { ServerEvent } from '../serve/server-events.js'
import { isLoopback } from '../serve/whose-request.js'
import { countField, rateField, runFields } from './common/fields.js'
import { tunedRun } from './common/inputs.js'
import { calibrationOf } from './common/run-calibration.js'
import { stopIfAsked } from './common/stopped.js'
import { defineJob, type JobContext } from './job.js'

const { run: _, ...placesOfRun } = runFields
const secondsField = z.number().positive().max(3600)

/** The input of {@link serve}. */
export const serveInput = z.strictObject({
	/** Run directory of `tune`, or folder of an exported classifier. */
	source: z.string(),
	...placesOfRun,
	/** Address to listen at. By default only programs of this machine reach the server. */
	host: z.string().min(1).default('127.0.0.1'),
	/** 0 for any that is free. */
	port: z.int().min(0).max(65_535).default(8080),
	/** Bearer token that requests must bring. */
	token: z
		.string()
		.regex(/^[\w.~+/-]{8,}=*$/, 'expected are at least 8 letters, digits or . _ ~ + / -')
		.optional(),
	/** Names by which requests may call the server beside its own, such as the one that a proxy passes on. */
	allowHost: z.array(z.string()).readonly().default([]),
	/** Sites whose scripts may use the server, such as `https://example.org`. */
	allowOrigin: z
		.array(z.url().transform((address) => new URL(address).origin))
		.readonly()
		.default([]),
	/** Pictures that are classified at once, at most. */
	batchSize: countField.max(256).default(16),
	/** Milliseconds that a picture waits for others at most. */
	batchWindow: z.number().nonnegative().max(10_000).default(5),
	/** Pictures that may be under way; more are answered with 429. */
	queue: countField.max(100_000).default(256),
	/** Pictures of one request at most. */
	maxImages: countField.default(32),
	/** Bytes of one body at most. */
	maxBody: countField.default(20_000_000),
	/** Pixels of one picture at most. */
	maxPixels: countField.default(50_000_000),
	/** Classes that one request may bring. */
	maxClasses: countField.default(1000),
	/** Threads that decode pictures; by default half of the cores. */
	decodeThreads: countField.max(256).optional(),
	/** Seconds in which a request must have come whole. */
	requestTimeout: secondsField.default(30),
	/** Seconds after which a server that was stopped cuts off what it has not answered. */
	grace: secondsField.default(10),
	/** Of a run with refiners: share of clean images that may be flagged as heavily corrected. */
	falsePositiveRate: rateField,
})

/** What {@link serve} gives when it was stopped. */
export const serveResult = z.object({
	url: z.string(),
	requests: count.describe('Answered.'),
	images: count.describe('Classified.'),
	cut: count.describe('Requests that were cut off when the time to stop had passed.'),
})

type Input = z.output<typeof serveInput>

/**
 * Serves a tuned model over HTTP until its signal stops it, which is no error: the result says what it did.
 * @throws NaptuneError when run or model cannot be used, the server cannot listen, or its engine fails.
 */
export const serve = defineJob({
	name: 'serve',
	doc: 'Serve a tuned run or an exported classifier over HTTP. On SIGTERM or Ctrl-C it answers the requests under way, then ends.',
	input: serveInput,
	result: serveResult,
	async run(input, context: JobContext<ServerEvent>) {
		const { runServer } = await import('../serve/server.js')
		const { onEvent } = context
		const note = (text: string) => onEvent({ event: 'note', text })
		if (!isLoopback(input.host) && input.token === undefined) {
			note(`whoever reaches ${input.host}:${input.port} may use this server; --token keeps others out`)
		}
		// All that is told goes into one log.
		const loading: JobContext = {
			...context,
			onEvent() {},
			onNote: ({ text }) => note(text),
			onProgress({ task, state }) {
				if (state === 'start') onEvent({ event: 'loading', task })
			},
		}
		const serving = { task: 'serving', unit: 'requests', done: 0, total: 0 }
		const { maxImages, maxBody, maxPixels, maxClasses, token, decodeThreads, ...rest } = input
		try {
			return await runServer(
				{
					...rest,
					...defined({ token, decodeThreads }),
					limits: {
						// More could never get in.
						images: Math.min(maxImages, input.queue),
						bodyBytes: maxBody,
						pixels: maxPixels,
						classes: maxClasses,
					},
					load: () => loadedModel(input, loading),
					onEvent(event) {
						// From here on the job ends by itself when it is asked to.
						if (event.event === 'ready') context.onProgress({ ...serving, state: 'update' })
						onEvent(event)
					},
				},
				context.signal,
			)
		} finally {
			context.onProgress({ ...serving, state: 'end' })
		}
	},
})

async function loadedModel(input: Input, context: JobContext): Promise<ServedModel> {
	const { falsePositiveRate } = input
	const source = resolve(input.source)
	if (isExport(source)) {
		const { servedExport } = await import('../serve/served-export.js')
		const exported = await loadExport(source)
		return servedExport({ engine: await context.engine(), exported, falsePositiveRate })
	}
	const { servedRun } = await import('../serve/served-run.js')
	const run = await tunedRun(context, { ...input, run: source })
	const engine = await context.engine()
	const classifier = await deployedClassifier(engine, run.clip, run.defense, run.parameters)
	const calibration = await calibrationOf(run, classifier, context)
	stopIfAsked(context)
	return servedRun({ engine, run, classifier, falsePositiveRate, ...defined({ calibration }) })
}
