import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { prepareAttack } from '../../attacks/registry.js'
import { threatModel } from '../../attacks/sets/threat-model.js'
import { at } from '../../core/at.js'
import { subset } from '../../data/dataset.js'
import { initialParameters } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { chooseTestTimeDefense } from '../../defenses/test-time/registry.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { tinyClip, tinyDataset } from '../../methods/tuning/tiny.test.support.js'
import type { AttackOutcome } from '../../records/parts/outcome.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { controlDefense } from '../deployed/control.js'
import { summarize } from './evaluate.js'
import { readEvaluationRecord } from './record.js'
import { type EvaluationRecord, type RecordedEvaluationInput, recordedEvaluation } from './recorded-evaluation.js'
import { type VerifyRecordInput, verifyRecord } from './verify-record.js'

let engine: ModelEngine
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
})
afterAll(() => engine.close())

/** A run, and a record of it as it is read back. */
async function setting(more: Partial<RecordedEvaluationInput> = {}, control = false) {
	const folder = await temporaryFolder()
	const clip = await tinyClip(join(folder, 'model'))
	const dataset = tinyDataset()
	const defense = prepareDefense('nap', clip, dataset.classNames, { textPrompts: 2, visualPrompts: 2 })
	const run = { clip, defense, parameters: await initialParameters(defense, 2) }
	const path = join(folder, 'record.json')
	await recordedEvaluation({
		engine,
		dataset,
		splitName: 'test',
		split: subset(dataset.test, [7, 0, 3, 4, 9, 11, 2, 6]),
		...run,
		...(control ? { defense: controlDefense(clip, dataset), parameters: {} } : {}),
		attack: prepareAttack('pgd-20', { steps: 2 }),
		threatModel: threatModel('linf', 8 / 255),
		seed: 3,
		path,
		...more,
	})
	return { engine, run, dataset, record: await readEvaluationRecord(path) }
}

/** The record with one outcome changed and all its numbers made to follow: forgery that is consistent in itself. */
function forged(record: EvaluationRecord, position: number, change: Partial<AttackOutcome>): EvaluationRecord {
	const outcomes = record.outcomes.map((outcome, own) => (own === position ? { ...outcome, ...change } : outcome))
	return { ...record, ...summarize(outcomes), outcomes }
}

it.each([
	['the tuned model', {}, false],
	['its control', {}, true],
	['an attacker who does not know the model', { knowledge: 'transfer' }, false],
	['a randomised attack of several stages', { attack: prepareAttack('autoattack', { steps: 2, queries: 20 }) }, false],
	['a targeted attack', { attack: prepareAttack('pgd-100-targeted', { steps: 2 }), target: 1 }, false],
	['a test-time defense', { testTime: chooseTestTimeDefense('ttc', { threshold: 0.5 }) }, false],
] as [string, Partial<RecordedEvaluationInput>, boolean][])(
	'finds the outcomes of a true record again: %s',
	async (_, more, control) => {
		const input = await setting(more, control)
		expect(await verifyRecord(input)).toEqual({ images: 8, of: 8, differences: [], notices: [] })
	},
)

it('finds the image that a consistent forgery changed', async () => {
	const { record, ...input } = await setting()
	const position = record.outcomes.findIndex(({ attacked }) => attacked)
	const { id, label, adversarialPrediction } = at(record.outcomes, position)
	const other = (adversarialPrediction + 1) % 3
	const lie = forged(record, position, { adversarialPrediction: other })
	expect(await verifyRecord({ ...input, record: lie })).toMatchObject({
		differences: [{ id, field: 'adversarialPrediction', recorded: other, recomputed: adversarialPrediction }],
	})
	// Labels are the data's, not the record's.
	const labelled = await verifyRecord({ ...input, record: forged(record, position, { label: (label + 1) % 3 }) })
	expect(labelled?.differences).toEqual([{ id, field: 'label', recorded: (label + 1) % 3, recomputed: label }])
})

it('computes a share of the images again, chosen by a seed', async () => {
	const { record, ...input } = await setting()
	// Every recorded outcome is wrong, so that the differences tell which images were chosen.
	const lie = record.outcomes.reduce(
		(all, { cleanPrediction }, position) => forged(all, position, { cleanPrediction: (cleanPrediction + 1) % 3 }),
		record,
	)
	const chosen = async (more: Partial<VerifyRecordInput>) => {
		const found = await verifyRecord({ ...input, record: lie, ...more })
		const ids = new Set(found?.differences.filter(({ field }) => field === 'cleanPrediction').map(({ id }) => id))
		expect(ids.size).toBe(found?.images)
		return [...ids].join(' ')
	}
	const half = await chosen({ share: 0.5 })
	expect(half.split(' ')).toHaveLength(4)
	expect(await chosen({ share: 0.5 })).toBe(half)
	const others = await Promise.all([2, 3, 4].map((seed) => chosen({ share: 0.5, seed })))
	expect(new Set([half, ...others]).size).toBeGreaterThan(1)
	expect((await chosen({ share: 0.001 })).split(' ')).toHaveLength(1)
	for (const share of [0, -1, 1.5, Number.NaN]) {
		await expect(verifyRecord({ ...input, record, share })).rejects.toThrow(/above 0 and at most 1/)
	}
})

it('refuses what the record is not of', async () => {
	const { record, ...input } = await setting()
	const parameters = await initialParameters(input.run.defense, 4)
	await expect(verifyRecord({ ...input, record, run: { ...input.run, parameters } })).rejects.toThrow(
		/does not belong to this run and this data: defense\.parameters/,
	)
	await expect(
		verifyRecord({ ...input, record: { ...record, model: { ...record.model, sha256: '0'.repeat(64) } } }),
	).rejects.toThrow(/model\.sha256/)
	await expect(
		verifyRecord({ ...input, record: { ...record, defense: { ...record.defense, name: 'coop' } } }),
	).rejects.toThrow(/The record is of "coop", but the run is of nap/)
	const elsewhere = forged(record, 0, { id: 'test/none' })
	await expect(verifyRecord({ ...input, record: elsewhere })).rejects.toThrow(/the image "test\/none", which tiny/)
	const options = { ...record.attack.options, steps: 3 }
	// Other options of the attack are computed with: the outcomes tell.
	expect(await verifyRecord({ ...input, record: { ...record, attack: { ...record.attack, options } } })).toBeDefined()
	const made = { seed: 1, models: [{ name: 'nano', sha256: '0'.repeat(64) }] }
	const stored = { ...record.attack, options: { made } }
	await expect(verifyRecord({ ...input, record: { ...record, attack: stored } })).rejects.toThrow(/made earlier/)
})

it('says what may make a difference of an honest record, and stops when asked', async () => {
	const { record, ...input } = await setting()
	const versions = { ...record.versions, naptune: '0.0.1', device: 'cuda' }
	const found = await verifyRecord({ ...input, record: { ...record, versions } })
	expect(found?.notices).toEqual([
		expect.stringMatching(/a different naptune .* \(the record: 0\.0\.1\), device cpu \(the record: cuda\)/),
		expect.stringMatching(/only on the CPU/),
	])
	expect(await verifyRecord({ ...input, record, signal: AbortSignal.abort() })).toBeUndefined()
})
