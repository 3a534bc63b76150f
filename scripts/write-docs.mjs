/** Writes the pages and passages generated from the program and its records: npm run docs. */

import { writeFile } from 'node:fs/promises'
import { root } from '../dist/docs/root.js'
import { writtenDocs } from '../dist/docs/written.js'

for (const [path, text] of await writtenDocs()) await writeFile(`${root}${path}`, text)
