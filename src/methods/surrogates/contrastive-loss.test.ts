import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { doublesOf, relativeError } from '../../files/golden.test.support.js'
import { float32, ops, type Tensor, type Value } from '../../onnx/index.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { unitRows } from './network/pooling.js'
import { substituteObjective, viewNames } from './substitute-programs.js'

const path = fileURLToPath(new URL('../../../fixtures/substitute-golden/objective.safetensors', import.meta.url))

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

it('has the values and gradients of the published objective', async () => {
	const golden = await doublesOf(path)
	const rows = viewNames.map((name) => ops.input(name, 'float32', [5, 16]))
	const views = rows.map(unitRows) as unknown as readonly [Value, Value, Value, Value]
	const { loss, contrastive, drift, gradients } = substituteObjective(
		views,
		{ temperature: 0.5, invariance: 0.1 },
		rows,
	)
	const program = await engine.compile({
		loss,
		contrastive,
		invariance: drift,
		...Object.fromEntries(viewNames.map((name, index) => [`gradient.${name}`, gradients[index]!])),
	})
	const results = await program.run(
		Object.fromEntries(viewNames.map((name) => [name, float32([5, 16], Float32Array.from(golden.get(name)!))])),
	)
	await program.release()
	const names = ['loss', 'contrastive', 'invariance', ...viewNames.map((name) => `gradient.${name}`)]
	for (const name of names) {
		expect(relativeError((results[name] as Tensor<'float32'>).data, golden.get(name)!), name).toBeLessThan(1e-5)
	}
})
