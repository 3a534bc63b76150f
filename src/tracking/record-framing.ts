/** TFRecord framing of the events in TensorBoard's files: length and data, each with a masked CRC32C. */

import { crc32c } from '@aws-crypto/crc32c'

const lengthBytes = 8
const crcBytes = 4

/** A record with its frame. */
export function framed(data: Uint8Array): Uint8Array<ArrayBuffer> {
	const bytes = new Uint8Array(lengthBytes + crcBytes + data.length + crcBytes)
	const view = new DataView(bytes.buffer)
	view.setBigUint64(0, BigInt(data.length), true)
	view.setUint32(lengthBytes, maskedCrc(bytes.subarray(0, lengthBytes)), true)
	bytes.set(data, lengthBytes + crcBytes)
	view.setUint32(lengthBytes + crcBytes + data.length, maskedCrc(data), true)
	return bytes
}

/** The records of a file, up to the first truncated or damaged one. */
export function framedRecords(bytes: Uint8Array): Uint8Array[] {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
	const records: Uint8Array[] = []
	for (let at = 0; at + lengthBytes + crcBytes <= bytes.length; ) {
		const head = bytes.subarray(at, at + lengthBytes)
		if (view.getUint32(at + lengthBytes, true) !== maskedCrc(head)) break
		const start = at + lengthBytes + crcBytes
		const end = start + Number(view.getBigUint64(at, true))
		if (end + crcBytes > bytes.length) break
		const data = bytes.subarray(start, end)
		if (view.getUint32(end, true) !== maskedCrc(data)) break
		records.push(data)
		at = end + crcBytes
	}
	return records
}

/** Rotates the CRC and adds a constant, because a plain CRC over data that contain CRCs is weak. */
function maskedCrc(data: Uint8Array): number {
	const crc = crc32c(data)
	return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}
