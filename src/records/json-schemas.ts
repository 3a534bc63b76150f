/** Writes the schemas of records as JSON Schema, for programs that do not use naptune. */

import { z } from 'zod'
import { adversarialManifestForm } from './adversarial-images.js'
import { auditKind } from './audit.js'
import { calibrationKind } from './calibration.js'
import { comparisonForm } from './comparison.js'
import { detectionKind } from './detection.js'
import { distortionKind } from './distortion.js'
import { evaluationKind } from './evaluation.js'
import { experimentForm } from './experiment.js'
import { exportForm } from './export.js'
import { galleryKind } from './gallery.js'
import { gateBaselineForm, gateConfigForm, gateVerdictForm } from './gate.js'
import { onnxAttackKind } from './onnx-attack.js'
import type { RecordForm } from './record-form.js'
import { retrievalKind } from './retrieval.js'
import { epochForm, pretrainingStepForm, runDescriptionForm, runResultForm } from './run.js'
import { surrogateEpochForm, surrogateKind } from './surrogate.js'

/** Every kind of record and log line, by the name of its JSON Schema. */
export const recordForms: Readonly<Record<string, RecordForm<z.ZodType>>> = {
	'adversarial-manifest': adversarialManifestForm,
	audit: auditKind,
	calibration: calibrationKind,
	comparison: comparisonForm,
	detection: detectionKind,
	distortion: distortionKind,
	evaluation: evaluationKind,
	experiment: experimentForm,
	export: exportForm,
	gallery: galleryKind,
	gate: gateConfigForm,
	'gate-baseline': gateBaselineForm,
	'gate-verdict': gateVerdictForm,
	'onnx-attack': onnxAttackKind,
	'pretraining-step': pretrainingStepForm,
	retrieval: retrievalKind,
	run: runDescriptionForm,
	'run-epoch': epochForm,
	'run-result': runResultForm,
	surrogate: surrogateKind,
	'surrogate-epoch': surrogateEpochForm,
}

const draft = 'https://json-schema.org/draft/2020-12/schema'

/** The JSON Schema (draft 2020-12) of a form as stored on disk. */
export function jsonSchemaOf({
	title,
	doc,
	schema,
}: Pick<RecordForm<z.ZodType>, 'title' | 'doc' | 'schema'>): z.core.JSONSchema.JSONSchema {
	const { $schema = draft, ...rest } = z.toJSONSchema(schema, { io: 'input', override: withoutSafeRange })
	return { $schema, title: `${title[0]?.toUpperCase()}${title.slice(1)}`, description: doc, ...rest }
}

/** Drops the range of exact JSON integers; repeating it for every number would hide the meaningful bounds. */
function withoutSafeRange({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
	if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
	if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
}

/** Contents of the JSON Schema files, by name. */
export function jsonSchemaFiles(
	forms: Readonly<Record<string, RecordForm<z.ZodType>>> = recordForms,
): ReadonlyMap<string, string> {
	return new Map(
		Object.entries(forms).map(([name, form]) => [
			`${name}.schema.json`,
			`${JSON.stringify(jsonSchemaOf(form), null, '\t')}\n`,
		]),
	)
}
