import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { threatModel } from '../../attacks/sets/threat-model.js'
import { embeddedDirectory } from '../../checkpoints/checkpoint.js'
import { chooseTestTimeDefense } from '../../defenses/test-time/registry.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { tinyDataset } from '../../methods/tuning/tiny.test.support.js'
import { auditLogEntrySchema } from '../../records/audit.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { classNames, tinyModel } from '../test-time/test-time.test.support.js'
import type { AttackRun } from './attack-run.js'
import { controlRequirements, type RecordedAuditInput, recordedAudit } from './recorded-audit.js'
import { auditChecks } from './registry.js'

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

async function setting(changes: Partial<RecordedAuditInput> = {}): Promise<RecordedAuditInput> {
	const folder = await temporaryFolder()
	const dataset = tinyDataset(classNames)
	return {
		...(await tinyModel(join(folder, 'model'), 'nap', { textPrompts: 2, visualPrompts: 2 })),
		engine,
		dataset,
		splitName: 'test',
		split: dataset.test,
		threatModel: threatModel('linf', 4 / 255),
		seed: 1,
		effort: { steps: 6, queries: 10 },
		path: join(folder, 'audits', 'audit.json'),
		...changes,
	}
}

/** What is the same whenever an audit is repeated. */
const lasting = async (path: string) => {
	const { seconds: _, batchSize: __, ...record } = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
	return record
}

describe('recordedAudit', () => {
	it('writes a record of settings and findings', async () => {
		const input = await setting()
		const record = (await recordedAudit(input))!
		expect(JSON.parse(await readFile(input.path, 'utf8'))).toEqual(JSON.parse(JSON.stringify(record)))
		expect(record).toMatchObject({
			kind: 'audit',
			defense: { name: 'nap' },
			control: { name: 'vanilla', requirements: [{ epsilon: 4 / 255, below: 0.02, ofClean: false }] },
			threatModel: { norm: 'linf', epsilon: 4 / 255 },
			dataset: { name: 'tiny', images: 12 },
			effort: { steps: 6, queries: 10 },
		})
		expect(record).not.toHaveProperty('attack')
		expect(record.results.map(({ id }) => id)).toEqual(auditChecks.map(({ id }) => id))
		const found = new Map(record.results.map((result) => [result.id, result]))
		for (const id of ['deterministic-forward', 'epsilon-zero', 'stored-images', 'legal-perturbations']) {
			expect(found.get(id)?.status, id).toBe('pass')
		}
		// Three classes are too few for targeted DLR, and NAP has refiners.
		expect(found.get('enough-classes')?.status).toBe('warn')
		expect(found.get('refiner-aware')?.status).not.toBe('not-applicable')
		expect(record.passed).toBe(record.results.every(({ status }) => status !== 'fail'))
		expect(existsSync(`${input.path}.log.jsonl`)).toBe(false)
	})

	it('resumes where it stopped, whatever the batch size', async () => {
		const input = await setting()
		await recordedAudit(input)
		const whole = await lasting(input.path)
		const path = join(await temporaryFolder(), 'audit.json')
		const controller = new AbortController()
		const stopped = await recordedAudit({
			...input,
			path,
			signal: controller.signal,
			onResult: ({ id }) => {
				if (id === 'monotone-steps') controller.abort()
			},
		})
		expect(stopped).toBeUndefined()
		expect(existsSync(path)).toBe(false)
		const checked: string[] = []
		const attacks: string[] = []
		const onAttack = (description: string) => attacks.push(description)
		await recordedAudit({ ...input, path, batchSize: 5, onAttack, onResult: ({ id }) => checked.push(id) })
		expect(await lasting(path)).toEqual(whole)
		expect(checked).toEqual(auditChecks.map(({ id }) => id))
		expect(attacks).not.toContain('pgd-5 at 4/255 against model')
		// What is done is read, and told, too.
		const again: string[] = []
		await recordedAudit({
			...input,
			path,
			onCheck: () => expect.unreachable(),
			onResult: ({ id }) => again.push(id),
		})
		expect(again).toEqual(checked)
		await expect(recordedAudit({ ...input, path, seed: 2 })).rejects.toThrow(/it differs in seed \(2, was 1\)/)
	})

	it('says that something is optimised at inference', async () => {
		const testTime = chooseTestTimeDefense('ttc', { steps: 1 })
		const record = (await recordedAudit(await setting({ testTime })))!
		const found = record.results.find(({ id }) => id === 'test-time-optimisation')
		expect(found).toMatchObject({ status: 'information', measured: { testTime: 'ttc' } })
		expect(found?.summary).toContain('bpda-identity')
		expect(record.testTime?.name).toBe('ttc')
	})
})

describe('the log of an audit', () => {
	it('is read back where a loss was infinite', () => {
		const attack: AttackRun = {
			key: 'key',
			right: [false],
			losses: [Number.POSITIVE_INFINITY],
			attacked: 1,
			threatModel: { norm: 'linf', epsilon: 0.1 },
			largest: 0.1,
			outside: 0,
		}
		const stored = JSON.parse(JSON.stringify({ attack })) as unknown
		expect(auditLogEntrySchema.parse(stored)).toEqual({ attack })
	})
})

describe('controlRequirements', () => {
	it('asks for more of a published CLIP than of nano', async () => {
		const { clip } = await tinyModel(join(await temporaryFolder(), 'model'), 'vanilla')
		const threat = threatModel('linf', 1 / 255)
		expect(controlRequirements(clip, threat)).toEqual([{ epsilon: 1 / 255, below: 0.02, ofClean: false }])
		const nano = { ...clip, checkpoint: { ...clip.checkpoint, source: 'nano' } }
		expect(controlRequirements(nano, threat)).toEqual([
			{ epsilon: 3 / 255, below: 0.25, ofClean: true },
			{ epsilon: 8 / 255, below: 0.01, ofClean: false },
		])
		const byPath = { ...clip, checkpoint: { ...clip.checkpoint, directory: embeddedDirectory } }
		expect(controlRequirements(byPath, threat)).toEqual(controlRequirements(nano, threat))
		// 3/255 in L2 breaks nothing.
		expect(controlRequirements(nano, threatModel('l2', 0.5))).toEqual([{ epsilon: 0.5, below: 0.25, ofClean: true }])
	})
})
