import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { evaluationKind } from './evaluation.js'
import { informative } from './informative.js'
import { dataOriginSchema } from './parts/data-origin.js'
import { runDescriptionForm } from './run.js'
import { deciding, differences, sameSettings, settingsIn } from './settings.js'

describe('differences', () => {
	const { schema } = runDescriptionForm
	const origin = { dataset: 'dtd', root: '/data', contents: 'c'.repeat(64) }
	const run = {
		format: 1,
		model: { source: 'nano', sha256: 'a'.repeat(64) },
		dataset: { origin, classNames: ['cat', 'dog'], notices: [] },
		config: { shots: 16, optimizer: { betas: [0.9, 0.999], warmupRate: null } },
		engine: { threads: 2 },
	}

	it('are none between equal descriptions, and between ones that differ in where things lie', () => {
		expect(differences(schema, run, structuredClone(run))).toEqual([])
		const elsewhere = {
			...run,
			model: { ...run.model, source: '/mnt/nano', revision: 'abc' },
			dataset: { ...run.dataset, notices: ['new'], origin: { ...origin, root: '/mnt' } },
			preset: { name: 'fair' },
		}
		expect(differences(schema, run, elsewhere)).toEqual([])
		expect(sameSettings(schema, elsewhere, run)).toBe(true)
	})

	it('are named by path, with both values where they are short', () => {
		const now = {
			...run,
			model: { ...run.model, sha256: 'b'.repeat(64) },
			config: { shots: 8, optimizer: { betas: [0.9, 0.99], warmupRate: 1e-6 }, extra: true },
			engine: {},
		}
		expect(differences(schema, run, now)).toEqual([
			'model.sha256',
			'config.shots (8, was 16)',
			'config.optimizer.betas ([0.9,0.99], was [0.9,0.999])',
			'config.optimizer.warmupRate (0.000001, was null)',
			'config.extra (true, was not set)',
			'engine.threads (not set, was 2)',
		])
	})

	it('tell of damage instead of failing on it, and of entries that the schema does not know', () => {
		expect(differences(schema, null, run)).toEqual(['everything'])
		expect(differences(schema, [], run)).toHaveLength(1)
		expect(differences(schema, { ...run, model: 'nano' }, run)).toHaveLength(1)
		expect(differences(schema, { ...run, extra: 1 }, run)).toEqual(['extra (not set, was 1)'])
		expect(differences(schema, run, undefined)).toHaveLength(1)
	})

	it('compare values as JSON holds them', () => {
		const list = z.strictObject({ values: z.array(z.number()), name: z.string().exactOptional() })
		expect(sameSettings(list, { values: [1, 2] }, { values: Float32Array.of(1, 2), name: undefined })).toBe(false)
		expect(sameSettings(list, { values: [1, 2] }, { values: [1, 2], name: undefined })).toBe(true)
	})
})

describe('what decides', () => {
	it('is everything but what is marked, in objects, lists and the kind of a union that fits', () => {
		const part = z.strictObject({ value: z.number(), told: informative(z.string()) })
		const schema = z.strictObject({
			parts: z.array(part),
			other: z.union([z.strictObject({ kind: z.literal('a') }), part]).nullable(),
			maybe: part.exactOptional(),
		})
		const found = {
			parts: [{ value: 1, told: 'x' }],
			other: { value: 2, told: 'y' },
			maybe: { value: 3, told: 'z' },
		}
		expect(deciding(schema, found)).toEqual({ parts: [{ value: 1 }], other: { value: 2 }, maybe: { value: 3 } })
		expect(deciding(schema, { parts: [], other: null })).toEqual({ parts: [], other: null })
	})

	it('is a new field of a schema, too', () => {
		const more = evaluationKind.settings.extend({ added: z.number() })
		expect(differences(more, { added: 1 }, { added: 2 })).toEqual(['added (2, was 1)'])
	})

	it('of an evaluation is not where model and data lie', () => {
		const settings = {
			seed: 1,
			model: { source: 'nano', sha256: 'a' },
			dataset: { name: 'photos', notices: [], ids: 'b' },
		}
		const same = (other: unknown) => sameSettings(evaluationKind.settings, settings, other)
		expect(same({ ...settings, model: { source: '/else/where', revision: 'c', sha256: 'a' } })).toBe(true)
		expect(same({ ...settings, dataset: { ...settings.dataset, notices: ['split here'] } })).toBe(true)
		expect(same({ ...settings, model: { source: 'nano', sha256: 'b' } })).toBe(false)
		expect(same({ ...settings, dataset: { ...settings.dataset, ids: 'c' } })).toBe(false)
		expect(same({ ...settings, seed: 2 })).toBe(false)
	})

	it('of a folder is its path, of a benchmark not its root', () => {
		const folder = { dataset: 'folder', path: '/a', fileNames: 'f'.repeat(64) }
		expect(differences(dataOriginSchema, folder, { ...folder, path: '/b' })).toEqual(['path ("/b", was "/a")'])
	})
})

it('settingsIn takes the settings of a record', () => {
	const record = { seed: 1, seconds: 2, outcomes: [] }
	expect(settingsIn(evaluationKind.settings, record)).toEqual({ seed: 1 })
})
