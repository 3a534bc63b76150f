import { expect, it } from 'vitest'
import { float32 } from '../../core/tensor.js'
import { requireFiniteParameters } from './finite-parameters.js'

it.each([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN])(
	'names the parameter that holds %s',
	(value) => {
		const parameters = { context: float32([2], [1, 2]), gate: float32([3], [0, value, value]) }
		expect(() => requireFiniteParameters(parameters, 'run/parameters.safetensors')).toThrow(
			'run/parameters.safetensors is damaged, or the tuning diverged: 2 of the 3 numbers of gate are infinite or NaN.',
		)
	},
)

it('lets numbers pass', () => {
	requireFiniteParameters({ context: float32([2], [3.4e38, -0]) }, 'parameters.safetensors')
})
