/** Dividing the cells of experiments among machines that know nothing of each other. */

import { workOf } from '../classifier/pass-counter.js'
import { at } from '../core/at.js'
import type { AttackCell, TunedCell } from './cells.js'
import { attackPasses, tuningPasses } from './estimate/cell-passes.js'
import { expectedAccuracy } from './estimate/expected-accuracy.js'
import { type CellGroup, groupByFolder } from './group-cells.js'
import type { PlannedCell } from './plan.js'
import { geometryName, type PaperTargets } from './targets.js'

/** One of several parts of the work. */
export interface Shard {
	/** 1 to `count`. */
	readonly number: number
	readonly count: number
}

/** What a shard has to do, in forward passes of the smallest model. */
export interface ShardLoad {
	readonly cells: readonly PlannedCell[]
	readonly work: number
}

/** A tuned model with an equal share of the images of all its attacks. */
interface Piece {
	readonly group: CellGroup
	readonly number: number
	readonly count: number
	readonly work: number
}

/**
 * Divides cells into as many shards of about equal work: the same ones on every machine. Tuning stays whole. A model whose
 * attacks are more than a shard's fair part is attacked by several shards on different images, and each of them tunes it, to
 * the same parameters. The longest pieces are dealt first, always to the shard with the least work (Graham's LPT rule).
 * @param cells Of all experiments; what several of them share is dealt once.
 * @param targets The paper's numbers, by which an attack is expected to take more or less.
 */
export function shardsOf(cells: readonly PlannedCell[], count: number, targets: PaperTargets): ShardLoad[] {
	const groups = groupByFolder(cells).map((group) => ({ group, cost: costOf(group, targets) }))
	const fair = groups.reduce((sum, { cost }) => sum + cost.tuning + cost.attacks, 0) / count
	const pieces = groups.flatMap(({ group, cost }) => piecesOf(group, cost, fair, count))
	// Equal pieces in an order that no file system or locale decides.
	const order = (a: Piece, b: Piece) =>
		b.work - a.work || compare(a.group.cell.folder, b.group.cell.folder) || a.number - b.number
	const shards = Array.from({ length: count }, () => ({ pieces: [] as Piece[], work: 0 }))
	for (const piece of pieces.sort(order)) {
		const least = shards.reduce((best, shard) => (shard.work < best.work ? shard : best))
		least.pieces.push(piece)
		least.work += piece.work
	}
	return shards.map((shard) => ({ cells: cellsOf(shard.pieces), work: shard.work }))
}

interface Cost {
	readonly tuning: number
	readonly attacks: number
}

function piecesOf(group: CellGroup, { tuning, attacks }: Cost, fair: number, count: number): Piece[] {
	const images = Math.max(1, ...[...group.attacks.values()].map(({ split }) => split.length))
	const room = Math.max(fair - tuning, fair / 2)
	const parts = tuning + attacks <= fair ? 1 : Math.min(count, images, Math.max(1, Math.ceil(attacks / room)))
	return Array.from({ length: parts }, (_, number) => ({
		group,
		number,
		count: parts,
		work: tuning + attacks / parts,
	}))
}

/** The models that pieces are of, each attack with the images that are the pieces' part. */
function cellsOf(pieces: readonly Piece[]): PlannedCell[] {
	const ofGroup = new Map<CellGroup, Piece[]>()
	for (const piece of pieces) ofGroup.set(piece.group, [...(ofGroup.get(piece.group) ?? []), piece])
	return [...ofGroup].map(([{ cell, attacks }, own]) => ({
		cell,
		attacks: [...attacks.values()].map((attack) => partOf(attack, own)),
	}))
}

function partOf(attack: AttackCell, pieces: readonly Piece[]): AttackCell {
	if (at(pieces, 0).count === 1) return attack
	const { length } = attack.split
	const only = pieces.flatMap(({ number, count }) => {
		const [from, to] = [Math.floor((number * length) / count), Math.floor(((number + 1) * length) / count)]
		return Array.from({ length: to - from }, (_, index) => from + index)
	})
	return { ...attack, only: only.sort((a, b) => a - b) }
}

function costOf({ cell, attacks }: CellGroup, targets: PaperTargets): Cost {
	const { dataset, tuning, model, method } = cell
	const classes = dataset.classNames.length
	const geometry = geometryName(model.clip.config)
	const expected = expectedAccuracy(targets, { method, dataset: dataset.name, model: geometry })
	const size = sizeOf(cell)
	const run = tuning && tuningPasses(tuning.config, { classes, train: dataset.train.length })
	const sum = [...attacks.values()].reduce(
		(total, attack) => total + workOf(attackPasses(attack, classes, expected)),
		0,
	)
	return { tuning: size * workOf({ evaluations: 0, gradients: run?.gradients ?? 0 }), attacks: size * sum }
}

/** Multiplications of a forward pass of one image: those of the blocks, which are nearly all. */
function sizeOf({ model }: Pick<TunedCell, 'model'>): number {
	const { width, layers, imageSize, patchSize } = model.clip.config.vision
	const tokens = (imageSize / patchSize) ** 2 + 1
	return layers * (12 * tokens * width ** 2 + 2 * tokens ** 2 * width)
}

function compare(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0
}
