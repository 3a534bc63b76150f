/** Looks for signs that a tuned run only seems robust, and exits with 3 if it finds one.
 *
 *     node examples/audit.mjs runs/photos
 */

import { audit } from 'naptune'

const [run = 'runs/photos'] = process.argv.slice(2)

const { passed, results } = await audit({ run, quick: true })
for (const { status, id, summary } of results) console.log(status.padEnd(14), `${id}: ${summary}`)
if (!passed) process.exitCode = 3
