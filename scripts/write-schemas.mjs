/**
 * Writes the JSON Schemas of records and experiment definitions to schemas/, and those of job results to schemas/jobs/, from
 * the schemas that the program itself uses: npm run schemas.
 */

import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { experimentJsonSchema, experimentSchemaFile } from '../dist/experiments/json-schema.js'
import { jobSchemaFiles } from '../dist/jobs/json-schemas.js'
import { jsonSchemaFiles } from '../dist/records/json-schemas.js'

const definition = `${JSON.stringify(experimentJsonSchema(), null, '\t')}\n`

for (const [place, files] of [
	['schemas', new Map([...jsonSchemaFiles(), [experimentSchemaFile, definition]])],
	['schemas/jobs', jobSchemaFiles()],
]) {
	const folder = fileURLToPath(new URL(`../${place}/`, import.meta.url))
	await mkdir(folder, { recursive: true })
	for (const entry of await readdir(folder, { withFileTypes: true })) {
		if (entry.isFile() && !files.has(entry.name)) await rm(`${folder}${entry.name}`)
	}
	for (const [name, text] of files) await writeFile(`${folder}${name}`, text)
	console.log(`${files.size} schemas are in ${folder}`)
}
