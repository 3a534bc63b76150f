import { expect, it } from 'vitest'
import { originIn } from './engine-error.js'

const origins = new Map([
	['MatMul_1', 'visual.layers.1.attention'],
	['MatMul_12', 'text.projection'],
	['Add_3', ''],
])

it('finds the node in messages of runs and compilations, whole words only', () => {
	expect(originIn("Non-zero status code returned while running MatMul node. Name:'MatMul_12' Status", origins)).toBe(
		'text.projection',
	)
	expect(originIn('Could not find an implementation for MatMul(13) node with name (MatMul_1)', origins)).toBe(
		'visual.layers.1.attention',
	)
	expect(originIn("running FusedMatMul node. Name:'MatMul_1/MatMulScaleFusion/'", origins)).toBe(
		'visual.layers.1.attention',
	)
	expect(originIn('out of memory', origins)).toBeUndefined()
})

it('names a node that has no origin by itself', () => {
	expect(originIn("Name:'Add_3'", origins)).toBe('node Add_3')
})
