/** Writes a finished surrogate: a standard ONNX model, and the record of its training. */

import { existsSync } from 'node:fs'
import { NaptuneError } from '../../core/errors.js'
import { packageVersion } from '../../files/package-version.js'
import { sha256OfFile } from '../../files/sha256.js'
import { writeModel } from '../../onnx/files/index.js'
import type { Value } from '../../onnx/value.js'
import { readRecord, writeRecord } from '../../records/record-kind.js'
import { settingsIn } from '../../records/settings.js'
import {
	type SurrogateRecord,
	type SurrogateResult,
	type SurrogateSettings,
	surrogateKind,
} from '../../records/surrogate.js'
import type { Engine } from '../../runtime/engine.js'
import { removeStates } from '../../training/state.js'
import type { SurrogateFiles } from './files.js'
import { requireSame } from './same-surrogate.js'
import type { SquareImages } from './square-images.js'

export type { SurrogateResult } from '../../records/surrogate.js'

/** The training data of a surrogate, as in its record. */
export type SurrogateData = Omit<SurrogateSettings['data'], 'images' | 'sha256'>

/** Everything that determines a surrogate (JSON). */
export function describeSurrogate(
	kind: SurrogateSettings['kind'],
	recipe: SurrogateSettings['recipe'],
	images: SquareImages,
	data: SurrogateData,
	{ device, threads, version }: Engine,
): SurrogateSettings {
	return {
		format: 1,
		kind,
		recipe,
		data: { ...data, images: images.length, sha256: images.sha256 },
		naptune: packageVersion(),
		engine: { device, threads, version },
	}
}

/**
 * The record of a finished surrogate, or undefined if there is none.
 * @throws NaptuneError when the files belong to a surrogate with other settings, or the origin of the model is unknown.
 */
export async function finishedSurrogate(
	files: SurrogateFiles,
	description: SurrogateSettings,
): Promise<SurrogateResult | undefined> {
	if (!existsSync(files.record)) {
		if (existsSync(files.model) && !existsSync(files.state)) {
			throw new NaptuneError(
				'NAP_RUN_DIFFERS',
				`${files.model} already exists, without a record that identifies it as this surrogate. Choose another --out, or remove the file.`,
			)
		}
		return undefined
	}
	const record: SurrogateRecord = await readRecord(surrogateKind, files.record)
	requireSame(files.record, settingsIn(surrogateKind.settings, record), description)
	const whole = existsSync(files.model) && (await sha256OfFile(files.model)) === record.result.sha256
	return whole ? record.result : undefined
}

/**
 * Writes model and record, then removes the state of training.
 * @param metadata Metadata of the model, by key.
 */
export async function writeSurrogate(
	files: SurrogateFiles,
	outputs: Readonly<Record<string, Value>>,
	metadata: Readonly<Record<string, string>>,
	description: SurrogateSettings,
	result: Omit<SurrogateResult, 'sha256'>,
): Promise<SurrogateResult> {
	await writeModel(files.model, outputs, metadata)
	const whole = { ...result, sha256: await sha256OfFile(files.model) }
	await writeRecord(surrogateKind, files.record, { ...description, result: whole })
	await removeStates({ path: files.state, lastGoodPath: files.lastGood })
	return whole
}
