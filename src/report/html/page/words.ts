/** Plain text on a page. */

import { html, raw } from 'hono/html'
import type { Html } from './html.js'

/** Escaped text in which neither `L-infinity` nor a number and its unit are torn apart at the end of a line. */
export function words(text: string): Html {
	const parts = text.replaceAll(/(\d) (?=(?:%|s|min|h)(?![A-Za-z]))/g, '$1\u00a0').split('L-infinity')
	return html`${parts.map((part, at) => html`${at === 0 ? '' : raw('<span class="keep">L-infinity</span>')}${part}`)}`
}
