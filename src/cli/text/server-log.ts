/** Server events as lines for people or for programs. */

import { plainJson } from '../../core/plain-text.js'
import type { ServerEvent } from '../../serve/server-events.js'
import { duration } from './format.js'

/** One JSON document per line, with the time. */
export function logLine(event: ServerEvent, time: Date): string {
	return plainJson(JSON.stringify({ time: time.toISOString(), ...event }))
}

/** A line for people. */
export function logText(event: ServerEvent): string {
	switch (event.event) {
		case 'request': {
			const { method, path, status, milliseconds, images, code, id, error } = event
			const parts = [
				`${method} ${path} ${status} in ${duration(milliseconds / 1000)}`,
				...(images === undefined ? [] : [`${images} ${images === 1 ? 'image' : 'images'}`]),
				...(code === undefined ? [] : [code]),
			]
			return `${parts.join(', ')} (${id})${error === undefined ? '' : `\n${error}`}`
		}
		case 'listening':
			return `Listening at ${event.url}; loading the model.`
		case 'ready':
			return `Serving ${event.method} with ${event.classes} classes at ${event.url}. Ctrl-C stops it.`
		case 'note':
			return `note: ${event.text}`
		case 'loading':
			return `${event.task}…`
		case 'stopping':
			return `Stopping; ${event.requests} requests are under way. Press Ctrl-C again to end the server at once.`
		case 'stopped':
			return event.requests === 0 ? 'All requests have been answered.' : `${event.requests} requests were cut off.`
		case 'failed':
			return `problem: ${event.error}`
	}
}
