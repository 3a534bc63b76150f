/** Writes the JSON Schemas of records to schemas/, from the schemas that the program itself reads with: npm run schemas. */

import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { jsonSchemaFiles } from '../dist/records/json-schemas.js'

const folder = fileURLToPath(new URL('../schemas/', import.meta.url))
const files = jsonSchemaFiles()
await mkdir(folder, { recursive: true })
for (const name of await readdir(folder)) if (!files.has(name)) await rm(`${folder}${name}`)
for (const [name, text] of files) await writeFile(`${folder}${name}`, text)
console.log(`${files.size} schemas are in ${folder}`)
