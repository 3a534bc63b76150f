/**
 * Opens an export in layout `transformers` with Python's transformers, and records how far its logits are from naptune's:
 * node scripts/interop/weights.mjs --python PYTHON, where PYTHON is one with torch and transformers.
 */

import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { range } from '../../dist/core/rows.js'
import { atMost } from '../../dist/data/subsets.js'
import { deployedClassifier } from '../../dist/evaluation/deployed/deployed-classifier.js'
import { loadTunedRun } from '../../dist/evaluation/deployed/tuned-run.js'
import { preparedImages } from '../../dist/evaluation/robustness/evaluate.js'
import { pixelValuesOf } from '../../dist/export/exported-program.js'
import { smallRun } from '../../dist/export/small-run.test.helper.js'
import { exportModel } from '../../dist/jobs/export-model.js'
import { createEngine } from '../../dist/runtime/index.js'

const here = dirname(fileURLToPath(import.meta.url))
const { values: options } = parseArgs({
	options: { python: { type: 'string' }, output: { type: 'string', default: join(here, 'weights-outcome.json') } },
})
if (!options.python) throw new Error('Give --python, one with torch and transformers.')
const work = await mkdtemp(join(tmpdir(), 'naptune-interop-weights-'))
const engine = await createEngine({ threads: 1 })
const exports = {}
for (const [name, defense, dtype] of [
	['words', { name: 'advpt-e2e', options: { textPrompts: 3, contextInit: 'words' } }, 'fp32'],
	['drawn', { name: 'coop', options: { textPrompts: 4 } }, 'fp32'],
	['half', { name: 'coop', options: { textPrompts: 4 } }, 'fp16'],
]) {
	const run = await smallRun(engine, await mkdtemp(join(work, 'run-')), { defense })
	const folder = join(work, name)
	const asked = { run, output: folder, images: 50, layout: 'transformers', task: 'zero-shot', dtype, maxDrop: 1 }
	const { text, measured } = await exportModel(asked, { engine: async () => engine })
	const { clip, defense: tuned, parameters, dataset } = await loadTunedRun(run)
	const split = atMost((await dataset()).test, 16, 1)
	const pixels = await preparedImages(clip, split, range(0, 16))
	const deployed = await deployedClassifier(engine, clip, tuned, parameters)
	const { logits } = await deployed.evaluate(pixels, ['logits'])
	await deployed.release()
	const files = { pixels: pixelValuesOf(pixels, clip.statistics), logits }
	for (const [file, { data }] of Object.entries(files)) {
		await writeFile(join(folder, `${file}.bin`), new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
	}
	const found = JSON.parse(execFileSync(options.python, [join(here, 'weights.py'), folder], { encoding: 'utf8' }))
	exports[name] = {
		method: tuned.name,
		dtype,
		hypothesisTemplate: text.hypothesisTemplate,
		parity: measured.parity,
		clean: measured.clean,
		robust: measured.robust,
		...found,
	}
	process.stderr.write(`${name}: ${JSON.stringify(found)}\n`)
}
await engine.close()
const run = 'the methods named below, tuned by the demo preset on two shots for one epoch'
await writeFile(options.output, `${JSON.stringify({ run, exports }, null, '\t')}\n`)
await rm(work, { recursive: true })
