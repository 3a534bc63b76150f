/** The form of an experiment's file as a JSON Schema, for editors and whoever writes one. */

import { z } from 'zod'
import { experimentFileSchema } from './definition.js'

/** The file of the package. */
export const experimentSchemaFile = 'experiment-definition.schema.json'

/** JSON Schema (draft 2020-12) of what may be written; the rest of what is checked is said by `loadExperiment`. */
export function experimentJsonSchema(): Record<string, unknown> {
	return {
		...z.toJSONSchema(experimentFileSchema, { io: 'input' }),
		title: 'Experiment of naptune',
		description:
			'Methods by data sets by models by attacks by seeds, and the setting that is varied. Run it with naptune reproduce FILE.',
	}
}
