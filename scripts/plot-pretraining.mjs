// Draws the learning curve of a pre-training log as SVG with Vega-Lite.
// Usage: node scripts/plot-pretraining.mjs LOG.jsonl CURVE.svg
import { readFileSync, writeFileSync } from 'node:fs'
import { parse, View } from 'vega'
import { compile } from 'vega-lite'

const [log, output] = process.argv.slice(2)
if (!log || !output) {
	console.error('Usage: node scripts/plot-pretraining.mjs LOG.jsonl CURVE.svg')
	process.exit(2)
}
const records = readFileSync(log, 'utf8')
	.trim()
	.split('\n')
	.map((line) => JSON.parse(line))
const panel = (field, title, format) => ({
	width: 520,
	height: 180,
	mark: { type: 'line', point: { size: 12 }, color: '#0b62a4' },
	encoding: {
		x: { field: 'epoch', type: 'quantitative', title: 'epoch' },
		y: { field, type: 'quantitative', title, scale: { zero: false }, axis: { format } },
	},
})
const specification = {
	$schema: 'https://vega.github.io/schema/vega-lite/v6.json',
	background: 'white',
	data: { values: records },
	title: 'Pre-training of nano',
	vconcat: [
		panel('loss', 'contrastive loss', '.2f'),
		panel('heldOutAccuracy', 'held-out zero-shot accuracy', '.0%'),
		panel('learningRate', 'learning rate', '.1e'),
	],
}
const view = new View(parse(compile(specification).spec), { renderer: 'none' })
writeFileSync(output, `${await view.toSVG()}\n`)
