/** `naptune serve`: a tuned model or an export behind HTTP. */

import { type Command, InvalidArgumentError } from 'commander'
import type { JobInput } from '../../jobs/job.js'
import { serve } from '../../jobs/serve.js'
import { dataRootOption } from '../options/input-options.js'
import { Option } from '../options/option.js'
import {
	addSharedOptions,
	falsePositiveRateOption,
	nonNegative,
	runModelOption,
	type SharedOptions,
	wholeNumber,
} from '../options/shared-options.js'
import type { Progress } from '../progress.js'
import { jobInput, runJob } from '../run-job.js'
import { logLine, logText } from '../text/server-log.js'

type ServeOptions = SharedOptions &
	Omit<JobInput<typeof serve>, 'source'> & { readonly log?: (typeof logForms)[number] }

const logForms = ['text', 'json'] as const

export function addServeCommand(program: Command): void {
	const count = (flags: string, what: string, fallback: number) =>
		new Option(flags, what).argParser(wholeNumber(1)).default(fallback)
	const seconds = (flags: string, what: string, fallback: number) =>
		new Option(flags, what).argParser(positive).default(fallback)
	addSharedOptions(
		program
			.command('serve')
			.description(serve.doc)
			.argument('<source>', 'run directory of naptune tune, or folder of an export')
			.addOption(new Option('--host <address>', 'address to listen at').default('127.0.0.1', 'this machine only'))
			.addOption(new Option('--port <number>', '0 for any free port').argParser(wholeNumber(0)).default(8080))
			.addOption(
				new Option(
					'--token <text>',
					'bearer token that requests must send; other users of the machine see arguments but not variables (default: none)',
				).env('NAPTUNE_SERVE_TOKEN'),
			)
			.addOption(
				severalOption('--allow-host <name>', 'another name to accept in the Host header, such as that of a proxy'),
			)
			.addOption(severalOption('--allow-origin <url>', 'site whose scripts may use the server'))
			.addOption(count('--batch-size <count>', 'most pictures to classify at once', 16))
			.addOption(
				new Option('--batch-window <milliseconds>', 'longest time that a picture waits for others')
					.argParser(nonNegative)
					.default(5),
			)
			.addOption(count('--queue <count>', 'most pictures under way; the server answers more with 429', 256))
			.addOption(count('--max-images <count>', 'most pictures per request', 32))
			.addOption(count('--max-body <bytes>', 'most bytes per request', 20_000_000))
			.addOption(count('--max-pixels <count>', 'most pixels per picture', 50_000_000))
			.addOption(count('--max-classes <count>', 'most classes that a request may name', 1000))
			.addOption(
				new Option('--decode-threads <count>', 'threads that decode pictures (default: half of the cores)').argParser(
					wholeNumber(1),
				),
			)
			.addOption(seconds('--request-timeout <seconds>', 'time for a request to arrive completely', 30))
			.addOption(seconds('--grace <seconds>', 'time that a stopping server spends on requests under way', 10))
			.addOption(falsePositiveRateOption())
			.addOption(runModelOption())
			.addOption(dataRootOption('recorded in the run'))
			.addOption(
				new Option(
					'--log <form>',
					'format of log lines on stderr (default: text on a terminal, json elsewhere)',
				).choices(logForms),
			),
	)
		.addHelpText(
			'after',
			`
Examples:
  $ naptune serve runs/photos
  $ curl --data-binary @cat.jpg -H "Content-Type: image/jpeg" http://127.0.0.1:8080/v1/classify`,
		)
		.action((source: string, { log, ...options }: ServeOptions) =>
			runJob(serve, options, {
				input: { source, ...jobInput(options) },
				text: ({ url, requests, images, cut }) =>
					`Served ${requests} requests with ${images} images at ${url}${cut > 0 ? `; ${cut} were cut off` : ''}.`,
				tellsStop: true,
				onEvent: (progress) =>
					(log ?? (process.stderr.isTTY ? 'text' : 'json')) === 'json' ? jsonLog(options) : textLog(progress),
			}),
		)
}

function textLog(progress: Progress): (event: Parameters<typeof logText>[0]) => void {
	return (event) => progress.line(logText(event))
}

function jsonLog({ quiet = false }: SharedOptions): (event: Parameters<typeof logText>[0]) => void {
	return (event) => {
		if (!quiet) process.stderr.write(`${logLine(event, new Date())}\n`)
	}
}

function severalOption(flags: string, what: string): Option {
	return new Option(flags, `${what}; may be repeated`)
		.argParser((text: string, before: readonly string[]) => [...before, text])
		.default([], 'none')
}

function positive(text: string): number {
	const value = nonNegative(text)
	if (value > 0) return value
	throw new InvalidArgumentError('Expected a number above 0.')
}
