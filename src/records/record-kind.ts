/** Reads and writes record files through their schemas. */

import { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import { writeFileAtomic } from '../files/atomic-write.js'
import { readJsonFile } from '../files/json-file.js'
import { parseRecord, type RecordForm } from './record-form.js'

export {
	parseRecord,
	type RecordForm,
	type RecordKind,
	type RecordOf,
	recordKind,
	type SettingsOf,
} from './record-form.js'

/** Reads a record. @throws NaptuneError when the file is missing or not of this kind. */
export async function readRecord<Schema extends z.ZodType>(
	form: RecordForm<Schema>,
	path: string,
): Promise<z.output<Schema>> {
	return parseRecord(form, await readJsonFile(path), path)
}

/**
 * Writes a record atomically.
 * @throws NaptuneError when the file cannot be written.
 * @throws Error for a record that could not be read back, which is a bug; it writes nothing then.
 */
export async function writeRecord<Schema extends z.ZodType>(
	{ schema, title }: RecordForm<Schema>,
	path: string,
	record: Immutable<z.output<Schema>>,
): Promise<void> {
	const text = `${JSON.stringify(record, null, '\t')}\n`
	const parsed = schema.safeParse(JSON.parse(text))
	if (!parsed.success) throw new Error(`The content for ${path} is not ${title}: ${z.prettifyError(parsed.error)}`)
	await writeFileAtomic(path, text)
}
