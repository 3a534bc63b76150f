/** Escaped HTML. */

import type { html } from 'hono/html'

/** The result of the `html` template; a promise if any part of it is one. */
export type Html = ReturnType<typeof html>
