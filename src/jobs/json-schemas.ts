/** The results of jobs as JSON Schema: what commands print with --json. */

import { jsonSchemaFiles } from '../records/json-schemas.js'
import { jobs } from './registry.js'

/** Files of JSON Schemas with their content, by name: `tune.schema.json`. */
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
