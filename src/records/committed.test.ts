import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { auditKind } from './audit.js'
import { calibrationKind } from './calibration.js'
import { comparisonForm } from './comparison.js'
import { detectionKind } from './detection.js'
import { distortionKind } from './distortion.js'
import { evaluationKind } from './evaluation.js'
import { experimentForm } from './experiment.js'
import { galleryKind } from './gallery.js'
import { jsonSchemaOf } from './json-schemas.js'
import { parseRecord, type RecordForm } from './record-kind.js'
import { retrievalKind } from './retrieval.js'
import { epochForm, pretrainingStepForm, runDescriptionForm, runResultForm } from './run.js'
import { surrogateEpochForm, surrogateKind } from './surrogate.js'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** What the files of the repository are, by their paths. */
const forms: readonly (readonly [RegExp, RecordForm<z.ZodType>])[] = [
	[/^results\/.*\/evaluations\/[^/]+\.json$/, evaluationKind],
	[/^results\/.*\/audits\/[^/]+\.json$/, auditKind],
	[/^results\/.*\/distortion\/[^/]+\.json$/, distortionKind],
	[/^results\/.*\/gallery\/[^/]+\.json$/, galleryKind],
	[/^results\/.*\/retrieval\/[^/]+\.json$/, retrievalKind],
	[/^results\/.*\/detection\/[^/]+\.json$/, detectionKind],
	[/^results\/.*\/calibration\.json$/, calibrationKind],
	[/^results\/.*\/comparison\.json$/, comparisonForm],
	[/^results\/.*\/run\.json$/, runDescriptionForm],
	[/^results\/(reproduce-quick\/[^/]+|fair|ablation|family)\/result\.json$/, experimentForm],
	[/^results\/.*\/result\.json$/, runResultForm],
	[/^results\/.*\/log\.jsonl$/, epochForm],
	[/^models\/surrogates\/.*\.log\.jsonl$/, surrogateEpochForm],
	[/^models\/surrogates\/.*\.json$/, surrogateKind],
	[/^models\/nano\/pretraining-log\.jsonl$/, pretrainingStepForm],
]

/** Files of JSON that are no records: measurements of scripts, and the files of a checkpoint. */
const others = /^(results\/[^/]+\.json|results\/family\/(choice|fine-tuning-step)\.json|models\/nano\/[^/]+\.json)$/

function jsonBelow(folder: string): string[] {
	return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
		.filter((name) => /\.jsonl?$/.test(name))
		.map((name) => relative(root, join(root, folder, name)).replaceAll('\\', '/'))
		.sort()
}

describe('every committed record', () => {
	const files = ['results', 'models'].flatMap(jsonBelow)

	it('is of a known kind', () => {
		const unknown = files.filter((path) => !others.test(path) && !forms.some(([pattern]) => pattern.test(path)))
		expect(unknown).toEqual([])
		const unused = forms.filter(([pattern]) => !files.some((path) => pattern.test(path)))
		expect(unused.map(([, { title }]) => title)).toEqual([])
	})

	it.each(forms.map(([pattern, form]) => [form.title, pattern, form] as const))(
		'is read by its schema, and written again to the byte: %s',
		async (_, pattern, form) => {
			const own = files.filter((path) => forms.find(([first]) => first.test(path))?.[0] === pattern)
			expect(own.length).toBeGreaterThan(0)
			const published = z.fromJSONSchema(jsonSchemaOf(form))
			for (const path of own) {
				const text = await readFile(join(root, path), 'utf8')
				const inLines = path.endsWith('.jsonl')
				const stored = (inLines ? text.trimEnd().split('\n') : [text]).map((part): unknown => JSON.parse(part))
				const read = stored.map((value, at) => parseRecord(form, value, `${path}:${at + 1}`))
				expect(
					stored.find((value) => !published.safeParse(value).success),
					`${path} by its JSON Schema`,
				).toBeUndefined()
				const written = read.map(
					(record) => `${inLines ? JSON.stringify(record) : JSON.stringify(record, null, '\t')}\n`,
				)
				expect(written.join('') === text, path).toBe(true)
			}
		},
	)
})
