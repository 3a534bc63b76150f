import { join } from 'node:path'
import { parquetFile } from '../../dist/data/hub/parquet.test.support.js'
import { imageReader, openParquet, parquetProcess, readLabels } from '../../dist/data/hub/parquet-reader.js'
import { byteChanges, changeBytes } from '../bytes.mjs'
import { eachFile } from '../files.mjs'

/** Mutates mostly the metadata at the end, which is small compared with the images and holds all numbers. */
function change(bytes, draw, others) {
	const length = bytes.length > 12 ? bytes.readUInt32LE(bytes.length - 8) : 0
	if (draw.chance(0.4) || !(length > 0 && length < bytes.length - 8)) return changeBytes(bytes, draw, others)
	const start = bytes.length - 8 - length
	const metadata = byteChanges[draw.pick(['flip', 'set', 'integer', 'cut', 'double', 'insert', 'swap'])](
		Buffer.from(bytes.subarray(start, start + length)),
		draw,
	)
	const size = Buffer.alloc(4)
	size.writeUInt32LE(metadata.length)
	return Buffer.concat([bytes.subarray(0, start), metadata, size, Buffer.from('PAR1')])
}

export default {
	seconds: 150,
	change,
	async prepare() {
		const images = Array.from({ length: 12 }, (_, at) => new Uint8Array(40).fill(at))
		const label = images.map((_, at) => at % 3)
		const text = label.map((one) => (one === 2 ? null : `class ${one}`))
		const made = [{}, { indexed: true }, { rowGroup: 4, codec: 'UNCOMPRESSED' }].map((options) => ({
			'a.parquet': Buffer.from(parquetFile(images, { columns: { label, text }, ...options })),
		}))
		const kept = await eachFile('fixtures/parquet', /\.parquet$/, () => 'a.parquet')
		return { inputs: [...made, ...kept], reader: parquetProcess() }
	},
	async read(folder, _files, { reader }) {
		const file = await openParquet(reader, join(folder, 'a.parquet'))
		for (const { name } of file.columns) if (/label|text/.test(name)) await readLabels(reader, file, name)
		const image = imageReader(reader, 'image')
		for (let row = 0; row < Math.min(file.rows, 40); row += 3) await image(file, row)
	},
}
