/**
 * Makes docs/pictures/attack.png, the picture at the top of the README: node scripts/readme-picture.mjs [RUN].
 *
 * The rule, fixed before any of the images was attacked: the first three test images of cifar10-mini, in the order of the
 * shuffle that seed 1 draws, that vanilla CLIP classifies correctly and that have three different classes. Their fate under
 * attack plays no part. PGD-100 attacks each model with full knowledge at the demo's epsilon, through the same code as
 * `naptune attack PHOTO --run RUN`.
 */

import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { prepareAttack } from '../dist/attacks/registry.js'
import { threatModel } from '../dist/attacks/sets/threat-model.js'
import { loadCifar10Mini } from '../dist/data/cifar10-mini.js'
import { controlDefense } from '../dist/evaluation/deployed/control.js'
import { loadTunedRun } from '../dist/evaluation/deployed/tuned-run.js'
import { attackPhoto } from '../dist/evaluation/photo/attack-photo.js'
import { readEvaluationRecord } from '../dist/evaluation/robustness/record.js'
import { generator, permutation } from '../dist/random/counter-based.js'
import { pixelsPng, sheetPng } from '../dist/report/photo-pictures.js'
import { createEngine } from '../dist/runtime/node/create-engine.js'

const seed = 1
/** Small, so that letters are large at a picture width of 390 dots. */
const cellSize = 232
const place = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const run = await loadTunedRun(process.argv[2] ?? place('results/demo'))
const { clip, defense, parameters, protocol } = run
const dataset = await loadCifar10Mini()
const models = [
	{ defense: controlDefense(clip, dataset), parameters: {} },
	{ defense, parameters },
]
const titles = ['vanilla', 'NAP']
const order = permutation(generator(seed, 'readme-picture'), dataset.test.length)
const engine = await createEngine({ device: 'cpu' })
const rows = []
const classes = new Set()
for (const index of order) {
	const label = dataset.test.label(index)
	if (classes.has(label)) continue
	const photo = await dataset.test.image(index)
	const found = await attackPhoto({
		engine,
		clip,
		models,
		photo,
		label,
		attack: prepareAttack(protocol.attack),
		threatModel: threatModel('linf', protocol.epsilon),
		seed,
		top: 1,
	})
	const { seen, before, size, attacked } = found
	if (seen[0][0].index !== label) continue
	classes.add(label)
	const percent = ({ probability }) => `${Math.round(100 * probability)} %`
	const view = (best) => {
		const right = best.index === label
		return { text: `${best.className} ${percent(best)} ${right ? '✓' : '✗'}`, tone: right ? 'good' : 'bad' }
	}
	// The heading above the photo names its class; repeat only a different one.
	const beforeLine = ([best], model) => {
		const right = best.index === label
		return right
			? { text: `${titles[model]}: ${percent(best)} ✓`, tone: 'good' }
			: { text: `${titles[model]}: ${view(best).text}`, tone: 'bad' }
	}
	const png = (pixels) => pixelsPng(pixels, size, cellSize)
	rows.push([
		{ title: dataset.classNames[label], png: await png(before), lines: seen.map(beforeLine) },
		...(await Promise.all(
			attacked.map(async ({ after }, model) => ({
				title: `attack on ${titles[model]}`,
				png: await png(after?.pixels ?? before),
				lines: [after ? view(after.seen[model][0]) : { text: 'wrong already', tone: 'bad' }],
			})),
		)),
	])
	console.log(dataset.test.id(index), dataset.classNames[label], JSON.stringify(rows.at(-1).map(({ lines }) => lines)))
	if (rows.length === 3) break
}
await engine.close()
const levels = Math.round(255 * protocol.epsilon)
const rate = async (name) => {
	const file = place(`results/demo/evaluations/${name}-autoattack-linf-${levels}-255-test-200-seed1.json`)
	return (100 * (await readEvaluationRecord(file)).robust.accuracy).toFixed(1)
}
await mkdir(place('docs/pictures'), { recursive: true })
await writeFile(
	place('docs/pictures/attack.png'),
	await sheetPng({
		heading: '',
		rows,
		notes: [
			`${protocol.attack.toUpperCase()}, at most ${levels} of 255 levels per pixel, white-box.`,
			`Right under AutoAttack, 200 test images: vanilla ${await rate('vanilla')} %, NAP ${await rate('nap')} %.`,
		],
		cellSize,
		noteSize: 22,
	}),
)
