/** Progress with rate and remaining time: a bar on a terminal, plain lines elsewhere. */

import cliProgress from 'cli-progress'
import { last } from '../core/at.js'
import { plainText } from '../core/plain-text.js'
import { coloured } from './colour.js'
import { rateMeter } from './rate-meter.js'
import { duration, grouped, rate } from './text/format.js'
import { wrapped } from './wrapped.js'

/** Seconds between plain lines. */
const secondsBetweenLines = 5

/** Where progress goes, such as `process.stderr`. */
export interface ProgressStream {
	readonly isTTY?: boolean
	readonly columns?: number
	hasColors?(): boolean
	write(text: string): boolean
}

/** Progress of one task. */
export interface ProgressTask {
	/**
	 * @param done Units done, out of the total. @param detail A few words on the current state.
	 * @param total A new total, for a task whose size becomes known along the way.
	 */
	update(done: number, detail?: string, total?: number): void
	/** Ends the task and removes its bar. */
	end(): void
}

/** Shows lines and progress. */
export interface Progress {
	/** Prints a line of text, above the bar if there is one. */
	line(text: string): void
	/**
	 * Starts a task, ending the current one.
	 * @param total Units to do. @param unit Their name, in the plural. @param done Units done earlier.
	 */
	start(label: string, total: number, unit: string, done?: number): ProgressTask
}

/** Shows nothing. */
export const silentProgress: Progress = {
	line() {},
	start: () => ({ update() {}, end() {} }),
}

/** Progress on a stream. @param now A monotonic clock, in seconds. */
export function createProgress(stream: ProgressStream, now: () => number = () => performance.now() / 1000): Progress {
	let current: (ProgressTask & { readonly aside: (write: () => void) => void }) | undefined
	const line = (text: string) => {
		const write = () => stream.write(`${coloured(wrapped(plainText(text, 'shown'), stream), stream)}\n`)
		if (current) current.aside(write)
		else write()
	}
	return {
		line,
		start(name, size, unit, done = 0) {
			const label = plainText(name, 'shown')
			let total = size
			current?.end()
			const meter = rateMeter(done, now())
			const show = stream.isTTY ? barOn(stream, label, () => total) : linesOn(stream, label, now)
			let final = { done, detail: '' }
			const text = (): Wording => {
				const perSecond = meter.rate()
				const remaining = meter.remaining(total)
				const worded = (...parts: readonly string[]) => parts.filter((part) => part !== '').join(', ')
				const count = `${grouped(final.done)}/${grouped(total)} ${unit}`
				const speed = perSecond === undefined ? '' : `${rate(perSecond)}/s`
				const left = remaining === undefined || final.done >= total ? '' : `${duration(remaining)} left`
				return {
					full: worded(count, speed, left, final.detail),
					shorter:
						left === ''
							? [worded(count, final.detail)]
							: [worded(count, left, final.detail), worded(left, final.detail)],
				}
			}
			show.draw(done, text())
			const task = {
				update(value: number, detail = final.detail, newTotal = total) {
					if (current !== task) return
					total = newTotal
					meter.record(value, now())
					final = { done: value, detail: plainText(detail, 'shown') }
					show.draw(value, text())
				},
				end() {
					if (current !== task) return
					current = undefined
					show.remove()
				},
				aside: show.aside,
			}
			current = task
			return task
		},
	}
}

/** The words that describe a task. */
interface Wording {
	readonly full: string
	/** Shorter forms for narrow terminals, the shortest last. */
	readonly shorter: readonly string[]
}

interface Display {
	draw(done: number, text: Wording): void
	/** Writes other output without garbling the bar. */
	aside(write: () => void): void
	remove(): void
}

function barOn(stream: ProgressStream, label: string, total: () => number): Display {
	const bar = new cliProgress.SingleBar({
		stream: stream as NodeJS.WritableStream,
		clearOnComplete: true,
		// Turning it off would change the terminal's mode, which a killed process cannot restore.
		linewrap: true,
		format: (_options, { progress, maxWidth }, { text }: { text: Wording }) => barLine(label, progress, text, maxWidth),
	})
	let state = { done: 0, text: { full: '', shorter: [] } as Wording }
	let started = false
	const begin = () => {
		bar.start(total(), state.done, { text: state.text })
		started = true
	}
	return {
		draw(done, text) {
			state = { done, text }
			bar.setTotal(total())
			if (started) bar.update(done, { text })
			else begin()
		},
		aside(write) {
			bar.stop()
			write()
			begin()
		},
		remove() {
			bar.stop()
		},
	}
}

/** The bar takes the space that the words leave; if there are too many words, it picks a shorter form. */
function barLine(label: string, progress: number, { full: whole, shorter }: Wording, width: number): string {
	const wordings = [whole, ...shorter].map((text) => ` ${Math.floor(100 * progress)} % · ${text}`)
	const words = wordings.find((text) => label.length + text.length <= width) ?? last(wordings)
	const size = Math.max(0, Math.min(24, width - label.length - words.length - 2))
	const full = Math.round(size * progress)
	return `${label} ${'█'.repeat(full)}${'░'.repeat(size - full)}${words}`
}

function linesOn(stream: ProgressStream, label: string, now: () => number): Display {
	let shown = now()
	let lines = 0
	let waiting = ''
	const write = (text: string) => {
		stream.write(`${label}: ${text}\n`)
		shown = now()
		lines++
		waiting = ''
	}
	return {
		draw(_done, { full }) {
			if (now() - shown >= secondsBetweenLines) write(full)
			else waiting = full
		},
		aside: (writeOther) => writeOther(),
		remove() {
			// A short task needs no line; a task that printed lines also prints its end.
			if (lines > 0 && waiting !== '') write(waiting)
		},
	}
}
