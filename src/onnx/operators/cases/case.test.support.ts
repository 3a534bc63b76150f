/** What the table of operator cases consists of. */

import type fc from 'fast-check'
import { emitter } from '../../emit.js'
import { double, type Precision, type Trial } from '../gradient-check.test.support.js'

/** One way to use an operator, with random shapes. */
export interface Case {
	/** What distinguishes it from the operator's other cases. */
	readonly title: string
	readonly trials: fc.Arbitrary<Trial>
	readonly precision: Precision
}

/** Cases by operator name. */
export type Cases = Readonly<Record<string, readonly Case[]>>

/** The case of an operator that has float64 kernels. */
export function inDouble(trials: fc.Arbitrary<Trial>, title = 'float64'): Case {
	return { title, trials, precision: double }
}

export const emit = emitter('trial')
