import sharp from 'sharp'
import { decodeImage } from '../../dist/images/decode.js'
import { eachFile } from '../files.mjs'

const endings = { jpeg: /\.jpg$/, png: /\.png$/, webp: /\.webp$/, gif: /\.gif$/, tiff: /\.tiff?$/, avif: /\.avif$/ }

/** Small pictures from the fixtures, and some generated ones. */
export default (name) => {
	const format = name.replace('image-', '')
	return {
		onDisk: false,
		async prepare() {
			const found = await eachFile('fixtures/images', endings[format], () => 'picture')
			const raw = { raw: { width: 20, height: 14, channels: 3 } }
			const rgb = Buffer.from(Array.from({ length: 20 * 14 * 3 }, (_, at) => (at * 7) % 256))
			const made = [
				await sharp(rgb, raw).toFormat(format).toBuffer(),
				await sharp(rgb, raw).greyscale().toFormat(format).toBuffer(),
			]
			return { inputs: [...found, ...made.map((picture) => ({ picture }))] }
		},
		read: (_folder, { picture }) => decodeImage(new Uint8Array(picture), 'picture'),
	}
}
