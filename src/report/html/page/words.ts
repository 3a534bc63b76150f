/** Renders plain text on a page. */

import { html, raw } from 'hono/html'
import type { Html } from './html.js'

/** Escaped text that never breaks a line inside `L-infinity` or between a number and its unit. */
export function words(text: string): Html {
	const parts = text.replaceAll(/(\d) (?=(?:%|s|min|h)(?![A-Za-z]))/g, '$1\u00a0').split('L-infinity')
	return html`${parts.map((part, at) => html`${at === 0 ? '' : raw('<span class="keep">L-infinity</span>')}${part}`)}`
}
