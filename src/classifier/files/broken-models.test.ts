import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { NaptuneError } from '../../core/errors.js'
import { isolatedReader } from '../../files/isolated/isolated-reader.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { structurallyChanged } from '../../onnx/structural-mutations.test.support.js'
import { generator } from '../../random/counter-based.js'
import { createEngine, type Engine } from '../../runtime/index.js'
import type { Verdict } from '../../runtime/node/original-model-process.js'
import { openOnnxClassifier } from './open-onnx-classifier.js'

let engine: Engine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

const whole = fileURLToPath(new URL('../../../fixtures/onnx-classifiers/mixture-dynamo-opset18.onnx', import.meta.url))

it('what onnxruntime refuses is refused, whatever of its structure is broken', async () => {
	const folder = await temporaryFolder()
	const original = await readFile(whole)
	const onnxruntime = isolatedReader<{ readonly path: string }, Verdict>(
		new URL('../../runtime/node/original-model-process.js', import.meta.url),
		{ heap: 512, seconds: 60 },
	)
	let refused = 0
	let opened = 0
	const reasons = new Set<string>()
	for (let seed = 0; refused < 40 && seed < 200; seed++) {
		const path = join(folder, `${seed}.onnx`)
		await writeFile(path, structurallyChanged(original, generator(1, 'broken', seed), 1 + (seed % 3)))
		const [verdict] = await onnxruntime.ask({ path }, path).catch(() => [{ loads: false as const, reason: 'crash' }])
		const broken = verdict?.loads === false
		// Those that it accepts take an engine's time, and are not the point.
		if (!broken && opened >= 5) continue
		const error: unknown = await openOnnxClassifier(engine, path, { input: { normalisation: 'none' } }).then(
			(classifier) => classifier.release(),
			(error: unknown) => error,
		)
		if (broken) {
			refused++
			expect(error, `seed ${seed}: onnxruntime says ${verdict.reason}`).toBeInstanceOf(NaptuneError)
			const { message } = error as NaptuneError
			expect(message.startsWith(`${path}`)).toBe(true)
			reasons.add(message.slice(path.length, path.length + 60))
		} else {
			opened++
			if (error !== undefined) expect(error).toBeInstanceOf(NaptuneError)
		}
	}
	expect(refused).toBe(40)
	// Not one and the same refusal forty times.
	expect(reasons.size).toBeGreaterThan(15)
})

it('onnxruntime is asked: what only it refuses is told in its words', async () => {
	const path = join(await temporaryFolder(), 'model.onnx')
	const bytes = await readFile(whole)
	await writeFile(path, bytes)
	await (await openOnnxClassifier(engine, path, { input: { normalisation: 'none' } })).release()
	// A version of the file's own format that no program knows; nothing in the graph depends on it.
	const at = bytes.indexOf(0x08)
	expect(at).toBe(0)
	bytes[1] = 99
	await writeFile(path, bytes)
	await expect(openOnnxClassifier(engine, path)).rejects.toThrow(
		/model\.onnx: onnxruntime refuses the model: .*Export it again/,
	)
})
