/** Serves a tuned model over HTTP. */

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { deployedClassifier } from '../evaluation/deployed/deployed-classifier.js'
import { isExport, loadExport } from '../export/load-export.js'
import { didYouMeanPath } from '../files/nearest-path.js'
import { runFiles } from '../records/names.js'
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
	/** Run directory of `tune`, or folder of an export. */
	source: z.string(),
	...placesOfRun,
	/** Address to listen on. By default only programs on this machine can reach the server. */
	host: z.string().min(1).default('127.0.0.1'),
	/** Port to listen on; 0 picks a free one. */
	port: z.int().min(0).max(65_535).default(8080),
	/** Bearer token that requests must send. */
	token: z
		.string()
		.regex(/^[\w.~+/-]{8,}=*$/, 'expected at least 8 letters, digits or . _ ~ + / -')
		.optional(),
	/** Further host names that requests may use, such as the name that a proxy forwards. */
	allowHost: z.array(z.string()).readonly().default([]),
	/** Origins whose scripts may use the server, such as `https://example.org`. */
	allowOrigin: z
		.array(z.url().transform((address) => new URL(address).origin))
		.readonly()
		.default([]),
	/** Maximum number of pictures per batch. */
	batchSize: countField.max(256).default(16),
	/** Maximum milliseconds that a picture waits for others. */
	batchWindow: z.number().nonnegative().max(10_000).default(5),
	/** Maximum number of pictures in progress; the server answers more with 429. */
	queue: countField.max(100_000).default(256),
	/** Maximum number of pictures per request. */
	maxImages: countField.default(32),
	/** Maximum bytes of a request body. */
	maxBody: countField.default(20_000_000),
	/** Maximum pixels of a picture. */
	maxPixels: countField.default(50_000_000),
	/** Maximum number of classes per request. */
	maxClasses: countField.default(1000),
	/** Threads that decode pictures; by default half of the cores. */
	decodeThreads: countField.max(256).optional(),
	/** Seconds within which a whole request must arrive. */
	requestTimeout: secondsField.default(30),
	/** Seconds after a stop until the server drops unanswered requests. */
	grace: secondsField.default(10),
	/** For a run with refiners: share of clean images that may be flagged as heavily corrected. */
	falsePositiveRate: rateField,
})

/** The result of {@link serve} after it was stopped. */
export const serveResult = z.object({
	url: z.string(),
	requests: count.describe('Answered.'),
	images: count.describe('Classified.'),
	cut: count.describe('Requests dropped after the grace period.'),
})

type Input = z.output<typeof serveInput>

/**
 * Serves a tuned model over HTTP until its signal stops it. A stop is no error; the result says what the server did.
 * @throws NaptuneError when run or model cannot be used, the server cannot listen, or its engine fails.
 */
export const serve = defineJob({
	name: 'serve',
	doc: 'Classify pictures over HTTP with a tuned run or an export. Ends on SIGTERM or Ctrl-C, after it has answered the requests in progress.',
	input: serveInput,
	result: serveResult,
	async run(input, context: JobContext<ServerEvent>) {
		const { runServer } = await import('../serve/server.js')
		const { onEvent } = context
		const note = (text: string) => onEvent({ event: 'note', text })
		if (!isLoopback(input.host) && input.token === undefined) {
			note(`anyone who reaches ${input.host}:${input.port} may use this server; --token restricts access`)
		}
		// All output goes into one log.
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
						// More could never be admitted.
						images: Math.min(maxImages, input.queue),
						bodyBytes: maxBody,
						pixels: maxPixels,
						classes: maxClasses,
					},
					load: () => loadedModel(input, loading),
					onEvent(event) {
						// From here on the job itself reacts to the signal.
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
	// Threads that decode want the cores that waiting ones would burn.
	const started = () => context.engine({ spinning: process.env.NAPTUNE_SPINNING === '1' })
	if (isExport(source)) {
		const { servedExport } = await import('../serve/served-export.js')
		const exported = await loadExport(source)
		return servedExport({ engine: await started(), exported, falsePositiveRate })
	}
	if (!existsSync(join(source, runFiles.description))) {
		throw new NaptuneError(
			'NAP_FILE_MISSING',
			`${input.source} holds no tuning run (${runFiles.description}) and no export (export.json). Give the --output folder of naptune tune or naptune export.${didYouMeanPath(source)}`,
		)
	}
	const { servedRun } = await import('../serve/served-run.js')
	const run = await tunedRun(context, { ...input, run: source })
	const engine = await started()
	const classifier = await deployedClassifier(engine, run.clip, run.defense, run.parameters)
	const calibration = await calibrationOf(run, classifier, context)
	stopIfAsked(context)
	return servedRun({ engine, run, classifier, falsePositiveRate, ...defined({ calibration }) })
}
