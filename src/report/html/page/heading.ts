/** Headings below those of sections. */

import { html } from 'hono/html'
import type { Html } from './html.js'

/** A heading inside a section. */
export function heading(level: 3 | 4, id: string, text: string): Html {
	return level === 3 ? html`<h3 id="${id}">${text}</h3>` : html`<h4 id="${id}">${text}</h4>`
}
