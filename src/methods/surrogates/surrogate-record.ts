/** Writing a finished surrogate: the model that any ONNX tool reads, and the record of how it came to be. */

import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { NaptuneError } from '../../core/errors.js'
import { isRecord } from '../../core/guards.js'
import { writeFileAtomic } from '../../files/atomic-write.js'
import { readJsonFile } from '../../files/json-file.js'
import { packageVersion } from '../../files/package-version.js'
import { sha256OfFile } from '../../files/sha256.js'
import { writeModel } from '../../onnx/files/index.js'
import type { Value } from '../../onnx/value.js'
import type { Engine } from '../../runtime/engine.js'
import type { SurrogateFiles } from './files.js'
import type { SquareImages } from './square-images.js'
import { requireSame } from './training-state.js'

/** Version of the record's format. */
const format = 1

/** What a surrogate is worth and what it took. */
export interface SurrogateResult {
	readonly parameters: number
	/** Of the model file. */
	readonly sha256: string
	/** Wall-clock time of training, over all parts. */
	readonly seconds: number
	/** The last line of the log. */
	readonly lastEpoch: Readonly<Record<string, number>>
	/** Of a classifier: share of the test images that the written model classifies right. */
	readonly testAccuracy?: number
	readonly testImages?: number
}

/** Everything that decides how a surrogate comes out (JSON). */
export function describeSurrogate(
	kind: 'classifier' | 'substitute',
	recipe: object,
	images: SquareImages,
	data: Readonly<Record<string, unknown>>,
	{ device, threads, version }: Engine,
): Readonly<Record<string, unknown>> {
	return {
		format,
		kind,
		recipe,
		data: { ...data, images: images.length, sha256: images.sha256 },
		naptune: packageVersion(),
		engine: { device, threads, version },
	}
}

/**
 * The record of a finished surrogate, or undefined where there is none.
 * @throws NaptuneError when the files are of a surrogate that was trained otherwise, or the model is of unknown origin.
 */
export async function finishedSurrogate(
	files: SurrogateFiles,
	description: unknown,
): Promise<SurrogateResult | undefined> {
	if (!existsSync(files.record)) {
		if (existsSync(files.model) && !existsSync(files.state)) {
			throw new NaptuneError(
				`${files.model} is there already, without a record that says it is this surrogate. Give another --out, or remove it.`,
			)
		}
		return undefined
	}
	const record = await readJsonFile(files.record)
	const { result, ...own } = isRecord(record) ? record : {}
	requireSame(files.record, own, description)
	const whole = isRecord(result) && existsSync(files.model) && (await sha256OfFile(files.model)) === result.sha256
	if (!whole) return undefined
	return result as unknown as SurrogateResult
}

/**
 * Writes model and record, then removes the state of training.
 * @param metadata What the model tells about itself, by key.
 */
export async function writeSurrogate(
	files: SurrogateFiles,
	outputs: Readonly<Record<string, Value>>,
	metadata: Readonly<Record<string, string>>,
	description: Readonly<Record<string, unknown>>,
	result: Omit<SurrogateResult, 'sha256'>,
): Promise<SurrogateResult> {
	await writeModel(files.model, outputs, metadata)
	const whole = { ...result, sha256: await sha256OfFile(files.model) }
	await writeFileAtomic(files.record, `${JSON.stringify({ ...description, result: whole }, null, '\t')}\n`)
	await rm(files.state, { force: true })
	return whole
}
