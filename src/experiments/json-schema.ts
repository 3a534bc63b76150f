/** The form of an experiment's file as a JSON Schema, for editors and authors. */

import { z } from 'zod'
import { experimentFileSchema } from './definition.js'

/** The file in the package. */
export const experimentSchemaFile = 'experiment-definition.schema.json'

/** JSON Schema (draft 2020-12) of the input; `loadExperiment` checks the rest. */
export function experimentJsonSchema(): Record<string, unknown> {
	return {
		...z.toJSONSchema(experimentFileSchema, { io: 'input' }),
		title: 'naptune experiment',
		description:
			'Methods by data sets by models by attacks by seeds, and the varied setting. Run it with naptune reproduce FILE.',
	}
}
