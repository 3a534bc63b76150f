import { join } from 'node:path'
import { readSafetensorsTensors } from '../../dist/files/safetensors.js'
import { changeBytes } from '../bytes.mjs'
import { eachFile } from '../files.mjs'
import { changeJson } from '../json.mjs'

/** Mutates the header as JSON half of the time, and corrects its length. */
function change(bytes, draw, others) {
	const length = bytes.length >= 8 ? Number(bytes.readBigUInt64LE(0)) : 0
	if (draw.chance(0.4) || !(length > 0 && length <= bytes.length - 8)) return changeBytes(bytes, draw, others)
	const header = changeJson(bytes.subarray(8, 8 + length), draw)
	const size = Buffer.alloc(8)
	size.writeBigUInt64LE(BigInt(header.length))
	return Buffer.concat([size, header, bytes.subarray(8 + length)])
}

export default {
	change,
	async prepare() {
		const as = () => 'a.safetensors'
		return {
			inputs: [
				...(await eachFile('fixtures/checkpoints', /\.safetensors$/, as)),
				...(await eachFile('fixtures/checkpoints/tiny', /\.safetensors$/, as)),
			],
		}
	},
	read: (folder) => readSafetensorsTensors(join(folder, 'a.safetensors')),
}
