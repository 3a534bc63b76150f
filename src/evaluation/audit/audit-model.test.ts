import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Classifier } from '../../classifier/classifier.js'
import { NaptuneError } from '../../core/errors.js'
import type { Value } from '../../onnx/index.js'
import type { AuditResult, AuditStatus } from '../../records/audit.js'
import { createEngine, type Engine } from '../../runtime/index.js'
import type { AttackRun } from './attack-run.js'
import { type Audit, auditModel } from './audit-model.js'
import {
	auditOf,
	classifierOf,
	honestLogits,
	hugeLogits,
	noisyForward,
	otherGradient,
	patternImages,
	probabilities,
	quantisingRefiner,
	roundedPixels,
	shattered,
} from './planted.test.support.js'
import { auditChecks } from './registry.js'

let engine: Engine
let honest: Classifier
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	honest = await classifierOf(engine, honestLogits)
})
afterAll(() => engine.close())

async function audited(model: Classifier): Promise<Audit> {
	const audit = await auditModel(await auditOf(engine, model))
	expect(audit).toBeDefined()
	return audit!
}

const planted = async (logits: (pixels: Value) => Value) => audited(await classifierOf(engine, logits))
const statuses = ({ results }: Audit): Record<string, AuditStatus> =>
	Object.fromEntries(results.map(({ id, status }) => [id, status]))
const failures = ({ results }: Audit) => results.filter(({ status }) => status === 'fail').map(({ id }) => id)
const summary = ({ results }: Audit, id: string) => results.find((result) => result.id === id)?.summary

describe('an honest model', () => {
	let audit: Audit
	beforeAll(async () => {
		audit = await audited(honest)
	})

	it('passes everything', () => {
		expect(statuses(audit)).toEqual(
			Object.fromEntries(
				auditChecks.map(({ id }) => {
					if (id.endsWith('-survival')) return [id, 'information']
					return [id, id === 'test-time-optimisation' ? 'not-applicable' : 'pass']
				}),
			),
		)
		expect(audit.passed).toBe(true)
	})

	it('is robust in part, so that there is something to be audited', () => {
		const steps = audit.results.find(({ id }) => id === 'monotone-steps')!.measured.accuracies as number[]
		expect(steps[0]).toBeGreaterThan(0.95)
		expect(steps[3]).toBeGreaterThan(0.2)
		expect(steps[3]).toBeLessThan(0.7)
	})

	it('gets findings that say what was measured, of how many images, and what to do', () => {
		for (const { id, meaning, advice, summary, measured } of audit.results) {
			expect(id).toMatch(/^[a-z]+(-[a-z]+)+$/)
			expect(meaning).toMatch(/\.$/)
			expect(advice).toMatch(/\.$/)
			expect(summary).not.toMatch(/NaN|undefined/)
			expect(Object.keys(measured).length, id).toBeGreaterThan(0)
			expect(JSON.parse(JSON.stringify(measured)), id).toEqual(measured)
		}
		expect(new Set(auditChecks.map(({ id }) => id)).size).toBe(auditChecks.length)
		expect(summary(audit, 'zero-gradient')).toBe('cross entropy: 0 of 60 are zero; DLR: 0 of 60 are zero')
	})
})

describe('a model that hides its gradient is caught', () => {
	it('logits times ten thousand: the cross entropy has no gradient, DLR has one', async () => {
		const audit = await planted(hugeLogits)
		expect(failures(audit)).toEqual(expect.arrayContaining(['zero-gradient', 'logit-scale']))
		expect(statuses(audit)['gradient-predicts-loss']).toBe('pass')
		const { measured } = audit.results.find(({ id }) => id === 'zero-gradient')!
		expect(measured.zeroCrossEntropy).toBeGreaterThan(0.9)
		expect(measured.zeroDlr).toBe(0)
	})

	it('rounded pixels: no gradient at all, and a black box does better', async () => {
		expect(failures(await planted(roundedPixels))).toEqual(
			expect.arrayContaining([
				'zero-gradient',
				'gradient-predicts-loss',
				'large-epsilon',
				'gradient-free-weaker',
				'refiner-aware',
			]),
		)
	})

	it('a refiner that quantises tokens: attacks without it do better', async () => {
		const audit = await planted(quantisingRefiner)
		expect(failures(audit)).toEqual(
			expect.arrayContaining(['zero-gradient', 'gradient-predicts-loss', 'refiner-aware', 'large-epsilon']),
		)
		expect(audit.passed).toBe(false)
	})

	it('a wave on the pixels: the gradient is there and says nothing', async () => {
		const audit = await planted(shattered)
		expect(failures(audit)).toEqual(expect.arrayContaining(['gradient-predicts-loss', 'gradient-free-weaker']))
		expect(statuses(audit)['zero-gradient']).toBe('pass')
	})

	it('a gradient of the wrong sign', async () => {
		expect(failures(await audited(otherGradient(honest, (value) => -value)))).toEqual(
			expect.arrayContaining(['gradient-predicts-loss', 'monotone-epsilon', 'random-noise', 'large-epsilon']),
		)
	})

	it('a gradient that is not a number: whatever cannot be measured fails', async () => {
		const audit = await audited(otherGradient(honest, () => Number.NaN))
		expect(failures(audit)).toEqual(expect.arrayContaining(['zero-gradient', 'monotone-steps', 'stored-images']))
		expect(summary(audit, 'zero-gradient')).toContain('60 overflow')
		expect(summary(audit, 'monotone-steps')).toMatch(/^could not be measured: .*not finite/)
	})

	it('logits that change from pass to pass', async () => {
		const audit = await audited(noisyForward(honest))
		expect(failures(audit)).toContain('deterministic-forward')
		expect(summary(audit, 'deterministic-forward')).toMatch(/change between passes/)
	})

	it('probabilities instead of logits', async () => {
		expect(failures(await planted(probabilities))).toContain('logits-not-probabilities')
	})

	it('an attack that breaks not even the model without defense', async () => {
		const input = await auditOf(engine, honest)
		const control = { ...input.control!, classifier: honest }
		expect(failures((await auditModel({ ...input, control }))!)).toEqual(['undefended-control'])
	})
})

describe('auditModel', () => {
	const short = auditChecks.filter(({ id }) =>
		['deterministic-forward', 'monotone-steps', 'monotone-restarts', 'stored-images', 'legal-perturbations'].includes(
			id,
		),
	)

	it('resumes where it stopped, with the same findings, and runs no attack twice', async () => {
		const input = await auditOf(engine, honest, 20)
		const whole = await auditModel(input, {}, short)
		const controller = new AbortController()
		const results: AuditResult[] = []
		const attacks: AttackRun[] = []
		const keep = {
			onResult: async (result: AuditResult) => {
				results.push(result)
			},
			onAttackDone: async (run: AttackRun) => {
				attacks.push(run)
				if (attacks.length === 2) controller.abort()
			},
		}
		expect(await auditModel({ ...input, signal: controller.signal }, keep, short)).toBeUndefined()
		expect(results.map(({ id }) => id)).toEqual(['deterministic-forward'])
		const started: string[] = []
		const rest = await auditModel(
			input,
			{ earlier: { results, attacks }, onAttack: (description) => started.push(description) },
			short,
		)
		expect(rest).toEqual(whole)
		expect(started).toEqual(['pgd-30 at 4/255 against model', 'pgd-20 at 4/255 against model'])
	})

	it('has nothing to compare where nothing was given, and asks for no epsilon', async () => {
		const { control: _, promptAware: __, ...input } = await auditOf(engine, honest, 20)
		const audit = (await auditModel({ ...input, threatModel: { norm: 'linf', epsilon: 0 } }))!
		const absent = ['undefended-control', 'transfer-weaker', 'refiner-aware', 'gradient-predicts-loss', 'random-noise']
		for (const id of absent) expect(statuses(audit)[id], id).toBe('not-applicable')
		expect(failures(audit)).toEqual([])
	})

	it('works in L2', async () => {
		const input = await auditOf(engine, honest, 20)
		const control = { ...input.control!, requirements: [{ epsilon: 0.25, below: 0.05, ofClean: false }] }
		const audit = (await auditModel({ ...input, control, threatModel: { norm: 'l2', epsilon: 0.2 } }))!
		expect(failures(audit)).toEqual([])
	})

	it('needs images', async () => {
		const input = await auditOf(engine, honest, 5)
		await expect(auditModel({ ...input, images: patternImages(0) })).rejects.toThrow(NaptuneError)
	})
})
