import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { unzipSync, zipSync } from 'fflate'
import { readPytorchTensors } from '../../dist/files/foreign/pytorch-pickle.js'
import { withFile } from '../../dist/files/read-parts.js'
import { changeBytes } from '../bytes.mjs'
import { eachFile } from '../files.mjs'

/** Valid instructions, which random bytes seldom contain. */
const pieces = [
	'}',
	']',
	')',
	'(',
	't',
	'e',
	'u',
	's',
	'a',
	'R',
	'Q',
	'0',
	'1',
	'N',
	'b',
	'\x93',
	'\x85',
	'\x86',
	'\x87',
	'\x94',
	'K\x01',
	'M\x00\x01',
	'J\xff\xff\xff\xff',
	'h\x00',
	'h\x01',
	'q\x00',
	'q\x01',
	'r\xff\xff\xff\xff',
	'j\x00\x00\x00\x00',
	'X\x01\x00\x00\x00a',
	'\x8c\x01b',
	'\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x7f',
	'G\x7f\xf0\x00\x00\x00\x00\x00\x00',
	'ccollections\nOrderedDict\n',
	'ctorch._utils\n_rebuild_tensor_v2\n',
	'ctorch\nFloatStorage\n',
	'cos\nsystem\n',
]

function change(bytes, draw, others) {
	if (draw.chance(0.5)) return changeBytes(bytes, draw, others)
	const at = draw.below(bytes.length)
	const piece = Buffer.from(draw.pick(pieces), 'latin1')
	const times = draw.chance(0.95) ? 1 + draw.below(4) : 100_000
	return Buffer.concat([bytes.subarray(0, at), ...new Array(times).fill(piece), bytes.subarray(at + draw.below(2))])
}

export default {
	change,
	/** Mutates the pickle and leaves the archive around it intact. */
	changes: (name) => name === 'data.pkl',
	async prepare() {
		const archives = await eachFile(
			'fixtures/checkpoints/pytorch',
			/^(mixed|float32|hostile|not-only).*\.bin$/,
			() => 'a',
		)
		return {
			inputs: archives.map(({ a }) => {
				const entries = Object.entries(unzipSync(a))
				const root = entries.find(([name]) => name.endsWith('/data.pkl'))[0].slice(0, -'data.pkl'.length)
				return Object.fromEntries(entries.map(([name, bytes]) => [name.slice(root.length), bytes]))
			}),
		}
	},
	onDisk: false,
	async read(folder, files) {
		const path = join(folder, 'a.bin')
		const entries = Object.entries(files).map(([name, bytes]) => [`a/${name}`, new Uint8Array(bytes)])
		await writeFile(path, zipSync(Object.fromEntries(entries), { level: 0 }))
		return withFile(path, (handle) => readPytorchTensors(handle, path))
	},
}
