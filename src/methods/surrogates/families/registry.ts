/** Families of surrogates by name. To add one, add an entry here. */

import { depthwise } from './depthwise.js'
import type { Family } from './family.js'
import { plain } from './plain.js'
import { residual } from './residual.js'

/** Families by name. */
export const families: ReadonlyMap<string, Family> = new Map(
	[plain, residual, depthwise].map((family) => [family.name, family]),
)
