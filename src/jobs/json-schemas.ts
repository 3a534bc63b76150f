/** Writes the results of jobs, which commands print with --json, as JSON Schema. */

import { jsonSchemaFiles } from '../records/json-schemas.js'
import { jobs } from './registry.js'

/** Contents of the JSON Schema files, by name: `tune.schema.json`. */
export function jobSchemaFiles(): ReadonlyMap<string, string> {
	return jsonSchemaFiles(
		Object.fromEntries(
			jobs.map(({ jobName, doc, result }) => [
				jobName,
				{ title: `what naptune ${jobName.replace('-', ' ')} --json prints`, doc, advice: '', schema: result },
			]),
		),
	)
}
