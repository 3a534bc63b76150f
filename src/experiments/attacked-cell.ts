/** An attack on a tuned cell: measured, resumed, or read from its record. */

import { join } from 'node:path'
import type { PreparedAttack } from '../attacks/attack-definition.js'
import { prepareAttack } from '../attacks/registry.js'
import type { AttackCounts } from '../attacks/run/tell-progress.js'
import { defined } from '../core/defined.js'
import { recordName } from '../evaluation/robustness/record-name.js'
import {
	type EvaluationRecord,
	evaluatedPart,
	finishedEvaluation,
	recordedEvaluation,
} from '../evaluation/robustness/recorded-evaluation.js'
import { storedAttack } from '../evaluation/stores/stored-attack.js'
import type { SurrogateWorth } from '../records/experiment.js'
import { type AttackCell, shortHash, type TunedCell } from './cells.js'
import { imagesOnSurrogates, type MadeImages } from './surrogate-cells.js'
import type { CellModel, TuneCellsInput } from './tuned-cell.js'

/** A measured cell. */
export interface MeasuredCell {
	readonly record: EvaluationRecord
	/** Path below the folder of all experiments, with forward slashes. */
	readonly path: string
	readonly tuningSeconds: number
}

/** What it takes to attack the cells of experiments. */
export interface AttackCellsInput extends TuneCellsInput {
	readonly batchSize?: number
	/** Images made on surrogates in this call, each once for all cells that use them. */
	readonly stores: Map<string, Promise<MadeImages | undefined>>
	/** Called with the surrogates that the images of a condition were made on. */
	readonly onSurrogates?: (attack: AttackCell, tuned: TunedCell, worth: readonly SurrogateWorth[]) => void
	/** Called while images are made on surrogates: with the current work, and the share that is done, in [0, 1]. */
	readonly onImages?: (attack: AttackCell, tuned: TunedCell, what: string, share: number) => void
}

/** The key of an attack on a cell. */
export function attackKey({ folder }: Pick<TunedCell, 'folder'>, attack: AttackCell): string {
	const { condition: _, split: __, only: ___, madeOn, ...how } = attack
	return `${folder} ${shortHash({ ...how, madeOn: madeOn && { kind: madeOn.kind, ...madeOn.surrogates } })}`
}

/**
 * Attacks a cell, or reads the record of an earlier attack.
 * @returns Undefined if the signal stopped it.
 * @throws NaptuneError as `recordedEvaluation`, and as the making of images on surrogates.
 */
export async function measuredCell(
	input: AttackCellsInput,
	cell: TunedCell,
	attack: AttackCell,
	model: CellModel,
	onProgress?: (counts: AttackCounts) => void,
): Promise<MeasuredCell | undefined> {
	const ready = await readyEvaluation(input, cell, attack, model, onProgress)
	const record = ready && (await recordedEvaluation({ ...ready.evaluation, reuse: true }))
	return record && { record, path: ready.path, tuningSeconds: model.seconds }
}

/**
 * Attacks some images of a cell, a shard's part. What it finds lies beside the record, which is made when the parts of all
 * shards are merged.
 * @param only Positions in the split. @returns Undefined if the signal stopped it.
 * @throws NaptuneError as {@link measuredCell}.
 */
export async function attackedPart(
	input: AttackCellsInput,
	cell: TunedCell,
	attack: AttackCell,
	only: readonly number[],
	model: CellModel,
	onProgress?: (counts: AttackCounts) => void,
): Promise<true | undefined> {
	const ready = await readyEvaluation(input, cell, attack, model, onProgress)
	return (ready && (await evaluatedPart(ready.evaluation, only))) || undefined
}

/** Everything that attacking a cell takes. @returns Undefined if the signal stopped the making of its images. */
async function readyEvaluation(
	input: AttackCellsInput,
	cell: TunedCell,
	attack: AttackCell,
	model: CellModel,
	onProgress?: (counts: AttackCounts) => void,
) {
	const prepared = await preparedAttack(input, cell, attack)
	if (!prepared) return undefined
	const { output, batchSize = 50, signal } = input
	const { evaluation, path } = evaluationOf(input, cell, attack, model, prepared)
	input.onFolder?.(join(output, cell.folder, 'evaluations'))
	return {
		path,
		evaluation: {
			...evaluation,
			parameters: model.parameters,
			batchSize,
			path: join(output, path),
			...defined({ signal, onProgress }),
		},
	}
}

/**
 * The record of an attack on a run whose parameters are gone. Everything but the parameters and the versions, which need not
 * be those of today, is checked to be the same.
 * @returns Undefined where there is none, or when stopped by the signal.
 * @throws NaptuneError for a record that was changed.
 */
export async function keptCell(
	input: AttackCellsInput,
	cell: TunedCell,
	attack: AttackCell,
	run: Pick<CellModel, 'clip' | 'defense' | 'seconds'>,
): Promise<MeasuredCell | undefined> {
	const prepared = await preparedAttack(input, cell, attack)
	if (!prepared) return undefined
	const { evaluation, path } = evaluationOf(input, cell, attack, run, prepared)
	const record = await finishedEvaluation({ ...evaluation, path: join(input.output, path) })
	return record && { record, path, tuningSeconds: run.seconds }
}

function evaluationOf(
	{ engine }: AttackCellsInput,
	{ dataset, folder }: TunedCell,
	{ split, threatModel, evaluationSeed }: AttackCell,
	{ clip, defense }: Pick<CellModel, 'clip' | 'defense'>,
	attack: PreparedAttack,
) {
	const evaluation = {
		engine,
		clip,
		dataset,
		splitName: 'test',
		split,
		defense,
		attack,
		threatModel,
		seed: evaluationSeed,
	}
	return { evaluation, path: `${folder}/evaluations/${recordName(evaluation)}` }
}

/** The attack itself, or stored images as an attack; those are made once for all models that read the same pixels. */
async function preparedAttack(
	{ engine, output, signal, stores, onImages, onSurrogates }: AttackCellsInput,
	tuned: TunedCell,
	cell: AttackCell,
): Promise<PreparedAttack | undefined> {
	const { attack, options, threatModel, split, idsHash, evaluationSeed, madeOn } = cell
	const {
		dataset,
		model: { clip },
	} = tuned
	if (!madeOn) return prepareAttack(attack, options)
	const { kind, surrogates } = madeOn
	const key = shortHash({
		attack,
		options,
		threatModel,
		idsHash,
		kind,
		surrogates,
		preprocessor: clip.checkpoint.preprocessor,
		seed: evaluationSeed,
		size: clip.config.vision.imageSize,
		data: dataset.origin,
	})
	const store =
		stores.get(key) ??
		imagesOnSurrogates({
			engine,
			clip,
			dataset,
			split,
			kind,
			surrogates,
			attack,
			options,
			threatModel,
			seed: evaluationSeed,
			output,
			onProgress: (share, what) => onImages?.(cell, tuned, what, share),
			...defined({ signal }),
		})
	stores.set(key, store)
	const made = await store
	if (made) onSurrogates?.(cell, tuned, made.worth)
	return made && storedAttack(made.images)
}
