import { describe, expect, it } from 'vitest'
import { differences } from './differences.js'

describe('differences', () => {
	const run = {
		format: 1,
		model: { source: 'nano', sha256: 'a'.repeat(64) },
		dataset: { classNames: ['cat', 'dog'], notices: [] },
		config: { shots: 16, optimizer: { betas: [0.9, 0.999] } },
		engine: { threads: 2 },
	}

	it('are none between equal descriptions, and between ones that differ in where things lie', () => {
		expect(differences(run, structuredClone(run))).toEqual([])
		const elsewhere = { ...run, model: { ...run.model, source: '/mnt/nano', revision: 'abc' } }
		expect(differences(run, { ...elsewhere, dataset: { ...run.dataset, notices: ['new'] } })).toEqual([])
	})

	it('are named by path, with both values where they are short', () => {
		const now = {
			...run,
			model: { ...run.model, sha256: 'b'.repeat(64) },
			config: { shots: 8, optimizer: { betas: [0.9, 0.99] }, extra: true },
			engine: {},
		}
		expect(differences(run, now)).toEqual([
			'model.sha256',
			'config.shots (8, was 16)',
			'config.optimizer.betas ([0.9,0.99], was [0.9,0.999])',
			'config.extra (true, was not set)',
			'engine.threads (not set, was 2)',
		])
	})

	it('tell of damage instead of failing on it', () => {
		expect(differences(null, run)).toHaveLength(1)
		expect(differences([], run)).toHaveLength(1)
	})
})
