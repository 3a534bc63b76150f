/** Writes the pages of docs/ that are made of what the program knows: npm run docs. */

import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { docsPages } from '../dist/jobs/docs-pages.js'

const folder = fileURLToPath(new URL('../docs/', import.meta.url))
await mkdir(folder, { recursive: true })
for (const [name, text] of docsPages()) await writeFile(`${folder}${name}`, text)
