import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { entry } from '../core/at.js'
import { range, takeRows } from '../core/rows.js'
import { atMost } from '../data/subsets.js'
import { prepareDefense } from '../defenses/registry.js'
import { deployedClassifier } from '../evaluation/deployed/deployed-classifier.js'
import { loadTunedRun } from '../evaluation/deployed/tuned-run.js'
import { preparedImages } from '../evaluation/robustness/evaluate.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { exportModel } from '../jobs/export-model.js'
import { tinyClip } from '../methods/tuning/tiny.test.support.js'
import { relativeDistance } from '../runtime/graphs.test.support.js'
import { createEngine } from '../runtime/index.js'
import { servedExport } from '../serve/served-export.js'
import { attackableExport } from './attackable-export.js'
import { requireExact } from './clip-weights-export.js'
import { loadExport } from './load-export.js'
import { smallRun } from './small-run.test.helper.js'

it('writes a text context as the embeddings of added tokens, with the logits of the run', async () => {
	const engine = await createEngine({ threads: 1 })
	try {
		const folder = await temporaryFolder()
		const options = { defense: { name: 'advpt-e2e', options: { textPrompts: 3, contextInit: 'words' } } }
		const run = await smallRun(engine, folder, options)
		const output = join(folder, 'export')
		const asked = { run, output, images: 20, layout: 'transformers', task: 'zero-shot' } as const
		const found = await exportModel(asked, { engine: async () => engine })
		expect(found.measured.parity.relativeL2).toBeLessThan(1e-6)
		expect(found.text?.hypothesisTemplate).toBe('<|context_0|><|context_1|><|context_2|>a {}.')
		expect(Object.keys(found.files)).toEqual([
			'README.md',
			'config.json',
			'labels.json',
			'model.safetensors',
			'preprocessor_config.json',
			'tokenizer.json',
			'tokenizer_config.json',
		])
		const config = JSON.parse(await readFile(join(output, 'config.json'), 'utf8'))
		expect(config.text_config).toMatchObject({ vocab_size: 4611, eos_token_id: 4607 })
		// As a gate attacks it and a server answers with it.
		const { clip, defense, parameters, dataset } = await loadTunedRun(run)
		const split = atMost((await dataset()).test, 4, 1)
		const pixels = await preparedImages(clip, split, range(0, 4))
		const deployed = await deployedClassifier(engine, clip, defense, parameters)
		const exported = await loadExport(output)
		const opened = await attackableExport(engine, exported, defense.classNames)
		const served = await servedExport({ engine, exported, falsePositiveRate: 0.05 })
		const expected = entry(await deployed.evaluate(pixels, ['logits']), 'logits').data
		const attacked = entry(await opened.classifier.evaluate(pixels, ['logits']), 'logits').data
		expect(relativeDistance([...attacked], [...expected])).toBeLessThan(1e-6)
		expect(await opened.prepared(await split.image(1))).toEqual(takeRows(pixels, [1]).data)
		const rows = await served.evaluate(pixels)
		expect(rows.flatMap(({ logits }) => [...logits])).toEqual([...attacked])
		expect([served.about.kind, served.openVocabulary !== undefined]).toEqual(['export', true])
		for (const one of [served, opened, deployed]) await one.release()
		await expect(
			exportModel({ ...asked, task: 'classifier', force: true }, { engine: async () => engine }),
		).rejects.toMatchObject({ code: 'NAP_OPTION_CONFLICT' })
	} finally {
		await engine.close()
	}
})

it.each([
	[
		'nap',
		{},
		'refiners in the text tower, prompts of their own in deeper blocks of the text tower, refiners in the image',
	],
	['advpt-vli', {}, 'prompts in the image tower'],
	['advpt-v', {}, 'no text context that could become tokens'],
])('refuses %s, and says what a CLIPModel has no place for', async (name, options, reason) => {
	const clip = await tinyClip(await temporaryFolder())
	expect(() => requireExact(prepareDefense(name, clip, ['cat', 'dog'], options))).toThrow(reason)
})
