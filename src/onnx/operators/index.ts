/** The registry of operators. To add one, define it in a family's file listed here. */

import type { Operator } from '../operator.js'
import { arithmeticOperators } from './arithmetic.js'
import { comparisonOperators } from './comparison.js'
import { convolutionOperators } from './convolution.js'
import { elementwiseOperators } from './elementwise.js'
import { gatheringOperators } from './gathering.js'
import { normalizationOperators } from './normalization.js'
import { pieceOperators } from './pieces.js'
import { poolingOperators } from './pooling.js'
import { productOperators } from './products.js'
import { reductionOperators } from './reduction.js'
import { selectionOperators } from './selection.js'
import { shapingOperators } from './shaping.js'
import { softmaxOperators } from './softmax.js'

/** All operators by ONNX name. */
export const operators: ReadonlyMap<string, Operator> = new Map(
	[
		...arithmeticOperators,
		...comparisonOperators,
		...convolutionOperators,
		...elementwiseOperators,
		...gatheringOperators,
		...normalizationOperators,
		...pieceOperators,
		...poolingOperators,
		...productOperators,
		...reductionOperators,
		...selectionOperators,
		...shapingOperators,
		...softmaxOperators,
	].map((operator) => [operator.name, operator]),
)
