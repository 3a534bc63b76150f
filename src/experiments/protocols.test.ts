import { describe, expect, it } from 'vitest'
import { experimentOf, loadExperiment, loadWrittenExperiment } from './definition.js'
import { narrowed } from './narrow.js'
import { paperMethod, withProtocols } from './protocols.js'
import { measuresAsThePaper } from './targets.js'

const table = await loadWrittenExperiment('table1')
const quick = await loadWrittenExperiment('table1', { quick: true })
const protocolsOf = (definition: typeof table) =>
	Object.fromEntries(Object.entries(definition.methods).map(([name, { protocol }]) => [name, protocol]))

describe('protocols', () => {
	it('are by default those of the definition, under which baselines keep their own presets', async () => {
		const usual = await loadExperiment('table1')
		expect(protocolsOf(usual)).toMatchObject({ vanilla: undefined, nap: 'equation-11' })
		for (const [method, { preset, protocol }] of Object.entries(usual.methods)) {
			if (protocol !== undefined) expect([method, preset]).toEqual([method, expect.stringMatching(/reference|paper/)])
		}
		expect(usual).not.toHaveProperty('protocols')
		expect(Object.keys(usual.methods)).toEqual(Object.keys(table.methods))
	})

	it('are chosen for all methods that have them, or for one; later ones win', () => {
		const literal = protocolsOf(withProtocols(table, ['paper-literal']))
		expect(literal).toMatchObject({ fap: 'paper-literal', nap: 'equation-11', vanilla: undefined })
		const mixed = protocolsOf(withProtocols(table, ['reference', 'fap=paper-literal', 'nap=precursor']))
		expect(mixed).toMatchObject({ fap: 'paper-literal', coop: 'reference', nap: 'precursor' })
		expect(protocolsOf(withProtocols(table, ['fap=paper-literal', 'reference'])).fap).toBe('reference')
		expect(protocolsOf(withProtocols(table, ['none'])).fap).toBeUndefined()
	})

	it('stand side by side with both, the usual one first', () => {
		const { methods, reference, shown } = withProtocols(table, ['both'])
		const names = Object.keys(methods)
		expect(names.slice(0, 3)).toEqual(['vanilla', 'coop-reference', 'coop-paper-literal'])
		expect(names.filter((name) => name.startsWith('advpt-') && methods[name]!.defense === 'advpt')).toHaveLength(3)
		expect([reference, shown]).toEqual(['nap-equation-11', ['nap-equation-11']])
		expect(methods['fap-paper-literal']).toMatchObject({
			title: 'FAP (paper-literal)',
			defense: 'fap',
			preset: 'paper',
		})
		expect(paperMethod({ methods }, 'fap-paper-literal')).toBe('fap')
	})

	it('leave the small table as it is unless they are asked for', () => {
		expect(Object.values(protocolsOf(withProtocols(quick)))).toEqual(Object.keys(quick.methods).map(() => undefined))
		const { methods } = withProtocols(quick, ['both'])
		const epsilonOf = (name: string) => (methods[name]!.tuning.attack as { epsilon?: number } | undefined)?.epsilon
		for (const name of ['fap-reference', 'fap-paper-literal', 'nap-equation-11', 'advpt-table-bank']) {
			expect(epsilonOf(name)).toBeCloseTo(3 / 255)
		}
		// The bank at the strength that its authors used.
		expect(epsilonOf('advpt-reference')).toBeUndefined()
	})

	it('measure as the paper under any of them', async () => {
		for (const wanted of [[], ['both'], ['paper-literal'], ['none'], ['nap=precursor']]) {
			expect(await measuresAsThePaper(withProtocols(table, wanted)), wanted.join()).toBe(true)
		}
		const { methods, ...rest } = withProtocols(table, ['both'])
		const changed = { ...methods, 'fap-reference': { ...methods['fap-reference']!, tuning: { shots: 1 } } }
		expect(await measuresAsThePaper({ ...rest, methods: changed })).toBe(false)
	})

	it.each([
		[['fair'], 'No method of table1 has a protocol fair; they have reference, paper-literal'],
		[['refernce'], 'Did you mean reference?'],
		[['nap=reference'], 'nap has no protocol reference; it has equation-11, precursor'],
		[['vanilla=both'], 'vanilla has none'],
		[['nep=both'], 'no method nep to give a protocol'],
	])('are refused: %j', (wanted, message) => {
		expect(() => withProtocols(table, wanted)).toThrow(message)
	})

	it('are refused for methods of which none has them, and experiments without any', async () => {
		const vanilla = narrowed(table, { methods: ['vanilla'] })
		expect(() => withProtocols(vanilla, ['reference'])).toThrow('vanilla has none')
		const curve = await loadWrittenExperiment('fig6-shots')
		expect(() => withProtocols(curve, ['both'])).toThrow('none of its methods has any')
	})

	it('are refused in definitions that contradict themselves', () => {
		const own = { name: 'own', epsilon: '1/255', methods: ['vanilla', 'coop', 'nap'], conditions: ['pgd-5'] }
		const protocol = { name: 'mine', doc: 'Mine.', preset: 'tiny', methods: ['coop'] }
		expect(() => experimentOf({ ...own, protocols: [protocol], protocol: { nap: 'mine' } })).toThrow(
			'nap has no protocol mine',
		)
		expect(() => experimentOf({ ...own, protocols: [protocol, protocol] })).toThrow('mine appears twice')
		expect(() => experimentOf({ ...own, protocols: [{ ...protocol, name: 'both' }] })).toThrow('has another meaning')
	})

	it('keep the rows of a method together where it is asked for', () => {
		const { methods } = narrowed(withProtocols(table, ['both']), { methods: ['fap'] })
		expect(Object.keys(methods)).toEqual(['fap-reference', 'fap-paper-literal'])
	})
})
