/** A command in the middle of a call of its engine that takes for minutes. */

import { float32, ops } from '../onnx/index.js'
import { withSession } from './session.js'

const size = 6000

await withSession({ device: 'cpu', threads: 1 }, async (session) => {
	const engine = await session.engine()
	const x = ops.input('x', 'float32', [size, size])
	let y = x
	for (let product = 0; product < 50; product++) y = ops.matmul(y, x)
	const program = await engine.compile({ y })
	process.stderr.write('running\n')
	await program.run({ x: float32([size, size], new Float32Array(size * size)) })
	process.stderr.write('done\n')
})
