/** Fingerprints with which records identify parameters, images and options. */

import type { Tensor } from '../core/tensor.js'
import { sha256OfBytes } from '../files/sha256.js'

/** SHA-256 of parameters: names, shapes and bytes, ordered by name. */
export function fingerprint(parameters: Readonly<Record<string, Tensor<'float32'>>>): string {
	const parts = Object.entries(parameters)
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([name, { shape, data }]) => {
			const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
			return `${name} ${shape.join('x')} ${sha256OfBytes(bytes)}`
		})
	return sha256OfBytes(parts.join('\n'))
}

/** SHA-256 of a value as JSON, with its entries in their given order; used for image ids and folder names. */
export function jsonFingerprint(value: unknown): string {
	return sha256OfBytes(JSON.stringify(value))
}

/** The first eight digits of {@link jsonFingerprint}, for names of files and folders. */
export function shortFingerprint(value: unknown): string {
	return jsonFingerprint(value).slice(0, 8)
}
