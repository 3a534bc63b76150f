/** Parses and checks the JSON header of a safetensors file. */

import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { isRecord } from '../core/guards.js'
import { shortened, shown } from '../core/shown.js'
import { findDuplicateKey } from './duplicate-keys.js'
import { type Dtype, dtypeSize, dtypes, isDtype } from './safetensors-dtype.js'

/** A tensor as the header describes it; offsets count from the end of the header. */
export interface HeaderTensor {
	readonly name: string
	readonly dtype: Dtype
	readonly shape: readonly number[]
	readonly begin: number
	readonly end: number
}

/**
 * Parses a header and checks that its tensors tile the data exactly: in order, no gap, no overlap, nothing outside.
 * @param bytes The header's JSON.
 * @param dataLength Number of bytes after the header.
 * @param path For error messages.
 * @returns The metadata, and the tensors in the order of their bytes.
 * @throws NaptuneError that names the problem.
 */
export function parseSafetensorsHeader(
	bytes: Uint8Array,
	dataLength: number,
	path: string,
): { metadata: Record<string, string>; tensors: HeaderTensor[] } {
	const invalid = (what: string) =>
		new NaptuneError(
			'NAP_FILE_INVALID',
			`${path} is not a valid safetensors file: ${what.slice(0, 400)}. It is damaged, or a faulty tool wrote it.`,
		)
	const header = parseObject(bytes, invalid)
	let metadata: Record<string, string> = {}
	const tensors: HeaderTensor[] = []
	for (const [name, value] of Object.entries(header)) {
		if (name === '__metadata__') metadata = checkMetadata(value, invalid)
		else tensors.push(checkTensor(name, value, invalid))
	}
	tensors.sort((a, b) => a.begin - b.begin || a.end - b.end)
	let position = 0
	let previous = 'the header'
	for (const { name: whole, begin, end } of tensors) {
		const name = shortened(whole)
		if (end > dataLength) {
			throw new NaptuneError(
				'NAP_FILE_INVALID',
				`${path} is truncated or damaged: tensor ${name} ends at byte ${end} of the data, which has only ${dataLength}. Fetch it again.`,
			)
		}
		if (begin < position) throw invalid(`tensor ${name} (bytes ${begin} to ${end}) overlaps ${previous}`)
		if (begin > position)
			throw invalid(`there is a gap of ${begin - position} bytes between ${previous} and tensor ${name}`)
		position = end
		previous = `tensor ${name}`
	}
	if (position < dataLength) throw invalid(`${dataLength - position} bytes after ${previous} belong to no tensor`)
	return { metadata, tensors }
}

type Invalid = (what: string) => NaptuneError

function parseObject(bytes: Uint8Array, invalid: Invalid): Record<string, unknown> {
	let text: string
	let value: unknown
	try {
		text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
		value = JSON.parse(text)
	} catch (error) {
		throw invalid(`its header is not JSON (${(error as Error).message})`)
	}
	if (!isRecord(value)) throw invalid('its header is not a JSON object')
	const duplicate = findDuplicateKey(text)
	if (duplicate !== undefined) throw invalid(`its header contains the key ${JSON.stringify(duplicate)} twice`)
	return value
}

function checkMetadata(value: unknown, invalid: Invalid): Record<string, string> {
	if (!isRecord(value) || Object.values(value).some((text) => typeof text !== 'string')) {
		throw invalid('__metadata__ is not a map from text to text')
	}
	return value as Record<string, string>
}

/** The limit of PyTorch; the product of a million sizes would take minutes. */
const mostDimensions = 64

function checkTensor(whole: string, value: unknown, invalid: Invalid): HeaderTensor {
	const name = shortened(whole)
	if (!isRecord(value)) throw invalid(`the entry of tensor ${name} is not an object`)
	const { dtype, shape, data_offsets: offsets } = value
	if (!isDtype(dtype)) {
		throw invalid(`tensor ${name} has the unknown element type ${shown(dtype)}; known types are ${dtypes.join(', ')}`)
	}
	if (!isSizes(shape)) throw invalid(`tensor ${name} has shape ${shown(shape)}; it must be whole numbers >= 0`)
	if (!isSizes(offsets) || offsets.length !== 2 || at(offsets, 0) > at(offsets, 1)) {
		throw invalid(
			`tensor ${name} has data_offsets ${shown(offsets)}; it needs two whole numbers with 0 <= begin <= end`,
		)
	}
	if (shape.length > mostDimensions) throw invalid(`tensor ${name} has ${shape.length} dimensions`)
	const [begin, end] = offsets as [number, number]
	// Big integers, because the product of hostile dimensions may exceed 2^53 and round to something plausible.
	const length = shape.reduce((product, n) => product * BigInt(n), BigInt(dtypeSize(dtype)))
	if (length !== BigInt(end - begin)) {
		throw invalid(
			`tensor ${name} (${dtype} [${shape.join(', ')}]) needs ${length} bytes, but its data_offsets span ${end - begin}`,
		)
	}
	return { name: whole, dtype, shape, begin, end }
}

function isSizes(value: unknown): value is number[] {
	return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0 && !Object.is(n, -0))
}
