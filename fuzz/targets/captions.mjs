import { join } from 'node:path'
import sharp from 'sharp'
import { loadCaptions } from '../../dist/data/captions/captions.js'
import { readClassNames } from '../../dist/jobs/common/class-names.js'

const entries = Array.from({ length: 4 }, (_, at) => ({
	image: `images/${at % 2}.png`,
	captions: [`a thing ${at}`, `thing number ${at}.`],
}))

/** Captions, and a list of class names. */
export default {
	changes: (name) => /^(captions|classes)/.test(name),
	async prepare() {
		const picture = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
			.png()
			.toBuffer()
		const classes = ['one\ntwo\nthree', '["one","two"]', '{"0": ["n01", "one"], "1": ["n02", "two"]}']
		return {
			inputs: classes.map((text) => ({
				'captions.jsonl': Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')),
				'captions.json': Buffer.from(JSON.stringify(entries)),
				'classes.txt': Buffer.from(text),
				'images/0.png': picture,
				'images/1.png': picture,
			})),
		}
	},
	async read(folder) {
		let refusal
		const reads = [
			() => loadCaptions(join(folder, 'captions.jsonl')),
			() => loadCaptions(join(folder, 'captions.json')),
			() => readClassNames(join(folder, 'classes.txt')),
		]
		for (const read of reads) {
			await read().catch((error) => {
				if (error?.name !== 'NaptuneError') throw error
				refusal = error
			})
		}
		if (refusal) throw refusal
	},
}
