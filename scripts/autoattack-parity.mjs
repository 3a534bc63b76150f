/**
 * Runs AutoAttack's stages on the network and photographs of fixtures/autoattack-golden and writes
 * results/autoattack-parity.json: the outcome of every image, with its outcome in the official code.
 */

import { readFile, writeFile } from 'node:fs/promises'
import { passCounter } from '../dist/classifier/pass-counter.js'
import { goldenJson, photographs } from '../dist/evaluation/robustness/autoattack-golden.test.support.js'
import { fates, goldenClassifier } from '../dist/evaluation/robustness/fates.test.support.js'
import { createEngine } from '../dist/runtime/index.js'

const seed = 0
const { ids, batch, torch, cases } = await goldenJson('official.json')
const images = await photographs(ids)
const engine = await createEngine({ threads: 1 })
const plain = await goldenClassifier(engine)

async function compared(attack, norm, epsilon, official) {
	const stages = Object.keys(official.seconds)
	const counter = passCounter()
	const start = performance.now()
	const own = await fates(counter.watch(plain), images, attack, { norm, epsilon }, seed, batch)
	const seconds = (performance.now() - start) / 1000
	const rightAfter = (list) =>
		Object.fromEntries(
			['clean', ...stages].map((stage, at) => {
				const fallen = ['clean', ...stages].slice(0, at + 1)
				return [stage, list.filter((fate) => !fallen.includes(fate)).length]
			}),
		)
	const result = {
		right: rightAfter(own),
		officialRight: rightAfter(official.fates),
		otherFates: own.filter((fate, at) => fate !== official.fates[at]).length,
		otherFlags: own.filter((fate, at) => (fate === 'robust') !== (official.fates[at] === 'robust')).length,
		seconds: Number(seconds.toFixed(1)),
		passes: counter.passes(),
		fates: own,
	}
	console.log(norm, attack, JSON.stringify({ ...result, fates: undefined }))
	return result
}

const results = {}
for (const [norm, { epsilon, standard, alone }] of Object.entries(cases)) {
	results[norm] = { epsilon, standard: await compared('autoattack', norm, epsilon, standard[0]), alone: {} }
	for (const [stage, official] of Object.entries(alone)) {
		results[norm].alone[stage] = await compared(stage, norm, epsilon, official)
	}
}
await engine.close()
const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
const record = { naptune: version, engine: engine.version, torch, seed, batch, images: ids.length, results }
await writeFile(new URL('../results/autoattack-parity.json', import.meta.url), `${JSON.stringify(record)}\n`)
