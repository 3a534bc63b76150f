/** Cells by the model that they are of: what several experiments want of it is done once. */

import { attackKey } from './attacked-cell.js'
import type { AttackCell, TunedCell } from './cells.js'
import type { PlannedCell } from './plan.js'

/** A tuned model with everything that attacks it, by `attackKey`. */
export interface CellGroup {
	readonly cell: TunedCell
	readonly attacks: ReadonlyMap<string, AttackCell>
}

/** One group for each folder, in the order in which the cells come. */
export function groupByFolder(cells: readonly PlannedCell[]): CellGroup[] {
	const groups = new Map<string, { readonly cell: TunedCell; readonly attacks: Map<string, AttackCell> }>()
	for (const { cell, attacks } of cells) {
		const group = groups.get(cell.folder) ?? { cell, attacks: new Map<string, AttackCell>() }
		groups.set(cell.folder, group)
		for (const attack of attacks) {
			const key = attackKey(cell, attack)
			if (!group.attacks.has(key)) group.attacks.set(key, attack)
		}
	}
	return [...groups.values()]
}
