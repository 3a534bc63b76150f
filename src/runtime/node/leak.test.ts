import { expect, it } from 'vitest'
import { float32, ops, type Value } from '../../onnx/index.js'
import { noiseTensor } from '../graphs.test.support.js'
import { createEngine } from './create-engine.js'

const megabyte = 2 ** 20
const compilations = 300

it('releases sessions: hundreds of compilations do not add up', async () => {
	const engine = await createEngine({ threads: 2 })
	const x = ops.input('x', 'float32', ['B', 512])
	const weight = noiseTensor([512, 512], 1)
	const round = async () => {
		// One megabyte of weights in the session, another pre-packed: 600 MB if all were kept.
		const y: Value = ops.matmul(x, ops.literal(weight))
		const program = await engine.compile({ y })
		await program.run({ x: noiseTensor([8, 512], 2) })
		await program.release()
	}
	for (let index = 0; index < 60; index++) await round()
	const before = (await engine.memory()).residentBytes
	for (let index = 0; index < compilations; index++) await round()
	const after = await engine.memory()
	await engine.close()
	expect(after.programs).toEqual([])
	// Collectors and allocators may hold back some tens of rounds, not a hundred.
	expect(after.residentBytes - before).toBeLessThan((compilations / 3) * megabyte)
})

it('releases resident tensors', async () => {
	const engine = await createEngine({ threads: 1 })
	const round = async () => {
		const data = new Float32Array(megabyte).fill(1)
		const tensor = await engine.upload(float32([megabyte], data), { transfer: true })
		await tensor.release()
	}
	for (let index = 0; index < 10; index++) await round()
	const before = (await engine.memory()).residentBytes
	for (let index = 0; index < 100; index++) await round()
	const { residentBytes } = await engine.memory()
	await engine.close()
	// Four megabytes each: 400 MB if all were kept.
	expect(residentBytes - before).toBeLessThan(130 * megabyte)
})

it('ends workers: engines do not add up', async () => {
	const round = async () => {
		const engine = await createEngine({ threads: 1 })
		const y = ops.matmul(ops.input('x', 'float32', ['B', 512]), ops.literal(noiseTensor([512, 512], 1)))
		await (await engine.compile({ y })).run({ x: noiseTensor([8, 512], 2) })
		await engine.close()
	}
	for (let index = 0; index < 5; index++) await round()
	const before = process.memoryUsage().rss
	for (let index = 0; index < 15; index++) await round()
	// A worker with its heap and session is about 12 MB: 180 MB if all were kept.
	expect(process.memoryUsage().rss - before).toBeLessThan(90 * megabyte)
})
