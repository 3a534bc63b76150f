import { expect, it } from 'vitest'
import { loadExperiment } from '../../../experiments/definition.js'
import { sampleResult } from '../../result.test.support.js'
import { experimentCommand } from './commands.js'

it('names the experiment of the package where it ran as it is, however it was told of then', async () => {
	const definition = JSON.parse(JSON.stringify(await loadExperiment('fig6-shots', { quick: true })))
	const ran = { ...sampleResult(), name: 'fig6-shots', quick: true }
	expect(await experimentCommand({ ...ran, definition })).toBe('naptune reproduce fig6-shots --quick')
	expect(await experimentCommand({ ...ran, definition: { ...definition, doc: 'Other words.' } })).toBe(
		'naptune reproduce fig6-shots --quick',
	)
	for (const changes of [{ overrides: { epochs: 1 } }, { seeds: [2] }, { surrogateFiles: { substitute: '/s.onnx' } }]) {
		expect(await experimentCommand({ ...ran, definition: { ...definition, ...changes } })).toBeUndefined()
	}
	expect(await experimentCommand({ ...ran, name: 'own', definition })).toBeUndefined()
})
