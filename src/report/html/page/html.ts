/** Escaped HTML. */

import type { html } from 'hono/html'

/** What the `html` template gives; a promise where something in it is one. */
export type Html = ReturnType<typeof html>
