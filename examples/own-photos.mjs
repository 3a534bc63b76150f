/**
 * Tunes NAP on your own photos and attacks the result.
 *
 * photos/ holds one folder of images per class: photos/cat/1.jpg, photos/dog/2.jpg, …
 *
 *     node examples/own-photos.mjs photos openai/clip-vit-base-patch16
 */

import { evaluate, tune } from 'naptune'

const [data = 'photos', model = 'openai/clip-vit-base-patch16'] = process.argv.slice(2)

const { output } = await tune({ model, data, output: 'runs/photos' })
const { rows, verdict } = await evaluate({ run: output })
for (const { defense, clean, robust } of rows) {
	console.log(defense, 'clean:', clean.accuracy, 'under attack:', robust.accuracy, robust.interval)
}
console.log(verdict.join('\n'))
