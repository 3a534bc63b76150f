/** Writes the pages, and the passages of pages, that are made of what the program and its records know: npm run docs. */

import { writeFile } from 'node:fs/promises'
import { root } from '../dist/docs/root.js'
import { writtenDocs } from '../dist/docs/written.js'

for (const [path, text] of await writtenDocs()) await writeFile(`${root}${path}`, text)
