import { create } from '@bufbuild/protobuf'
import { ModelProtoSchema } from 'onnx-buf'
import { expect, it } from 'vitest'
import { float32, ops } from '../onnx/index.js'
import { createEngine } from '../runtime/index.js'
import { compiledMessage } from './exported-message.js'
import { castOf, graphPart } from './graph-part.js'
import { modelMessage } from './model-message.js'

it('is what lies between named values, an output among them, and refuses what is not there', async () => {
	const x = ops.input('x', 'float32', ['B', 2])
	const y = ops.input('y', 'float32', [2])
	const middle = ops.mul(x, 3)
	const end = ops.add(ops.mul(middle, y), 1)
	const model = await modelMessage({ middle, end }, {})
	const port = (name: string, shape: readonly (number | string)[]) => ({ name, type: 'float32' as const, shape })
	const [fed, given] = [port('middle', ['B', 2]), port('end', ['B', 2])]
	const part = graphPart(model, { feeds: [fed], fixed: { y: float32([2], [10, 100]) }, outputs: [given] })
	expect(part.graph?.input.map(({ name }) => name)).toEqual(['middle'])
	expect(part.graph?.node.map(({ opType }) => opType)).toEqual(['Mul', 'Add', 'Identity'])
	const engine = await createEngine({ threads: 1 })
	try {
		const program = await compiledMessage(
			engine,
			{ model: part, externalFiles: [] },
			{ inputs: [fed], outputs: [given] },
			'part',
		)
		const { end: found } = await program.run({ middle: float32([1, 2], [1, 2]) })
		expect([...(found?.data ?? [])]).toEqual([11, 201])
	} finally {
		await engine.close()
	}
	const refused = { code: 'NAP_INPUT_UNSUITABLE' }
	const wrong = (of: Parameters<typeof graphPart>[1]) => () => graphPart(model, of)
	expect(wrong({ feeds: [fed], outputs: [given] })).toThrow(expect.objectContaining(refused))
	expect(wrong({ feeds: [fed, port('none', [1])], outputs: [given] })).toThrow(/none/)
	expect(wrong({ outputs: [port('none', [1])] })).toThrow(/none is missing/)
	expect(() => castOf(model, 'x')).toThrow(expect.objectContaining(refused))
	expect(() => graphPart(create(ModelProtoSchema), { outputs: [] })).toThrow(/graph/)
})
