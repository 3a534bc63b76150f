/** Computes text features of class names: prompts from templates, encoded and run in pieces. */

import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { float32, int64, type Tensor } from '../core/tensor.js'
import { ops } from '../onnx/graph.js'
import type { Engine } from '../runtime/engine.js'
import { classPrompts, defaultTemplate } from './class-prompts.js'
import type { ClipModel } from './model.js'
import { endPositionRows, type TokenBatch } from './token-batch.js'
import { encodeText } from './towers.js'

/** How class names become text features. */
export interface ZeroShotOptions {
	/** Templates with `{}` for the class name; several are averaged. Default: `a photo of a {}.` */
	readonly templates?: readonly string[]
	/** Prompts in one run of the text tower, which bounds its memory; at least 1, default 64. */
	readonly promptsPerRun?: number
}

/** The parts of a CLIP that read text. */
export type TextSide = Pick<ClipModel, 'config' | 'weights' | 'tokenizer' | 'encoders'>

/**
 * Text features of class names: of each prompt the feature of unit length, averaged over the templates and brought to
 * unit length again (the prompt ensemble of Radford et al., 2021). Prompts are run in pieces, so that memory does not
 * grow with the number of classes; on the CPU a feature has the same bytes in any batch with the same longest prompt.
 * @returns [classes, projection].
 * @throws NaptuneError without classes or templates, for an empty name, a template without `{}`, or a prompt that is
 * longer than the model reads.
 */
export async function zeroShotTextFeatures(
	engine: Engine,
	clip: TextSide,
	classNames: readonly string[],
	{ templates = [defaultTemplate], promptsPerRun = 64 }: ZeroShotOptions = {},
): Promise<Tensor<'float32'>> {
	if (classNames.length === 0)
		throw new NaptuneError('NAP_ARGUMENT_INVALID', 'There are no class names; give at least one.')
	if (templates.length === 0)
		throw new NaptuneError('NAP_ARGUMENT_INVALID', `There are no templates; give one such as "${defaultTemplate}".`)
	if (!Number.isInteger(promptsPerRun) || promptsPerRun < 1) {
		throw new NaptuneError(
			'NAP_ARGUMENT_INVALID',
			`The number of prompts per run must be a whole number of at least 1, got ${promptsPerRun}.`,
		)
	}
	// All names are checked before the first is run; prompts are then made piece by piece instead of kept.
	for (const template of templates) classPrompts(classNames, template)
	const count = classNames.length * templates.length
	const pieces: Piece[] = []
	for (let start = 0; start < count; start += promptsPerRun) {
		const rows = Math.min(promptsPerRun, count - start)
		const prompts = Array.from({ length: rows }, (_, row) => {
			const className = at(classNames, Math.floor((start + row) / templates.length))
			return at(classPrompts([className], templates[(start + row) % templates.length]).prompts, 0)
		})
		pieces.push({ start, rows, batch: clip.tokenizer.encodeBatch(repeatSingle(prompts), clip.config.text) })
	}
	const length = Math.max(...pieces.map(({ batch }) => batch.length))

	const width = clip.config.projectionDimension
	const sums = new Float64Array(classNames.length * width)
	const program = await engine.compile(textFeatureGraph(clip, length), { name: 'text features' })
	try {
		for (const { start, rows, batch } of pieces) {
			const wide = padded(batch, length, clip.tokenizer.paddingId)
			const shape = [wide.count, length]
			const endPosition = float32(shape, endPositionRows(wide))
			const results = await program.run({
				ids: int64(shape, wide.ids),
				// A text encoder in ONNX finds the end of a text by itself.
				...(program.inputs.includes('endPosition') ? { endPosition } : {}),
			})
			const { data } = results.features as Tensor<'float32'>
			for (let row = 0; row < rows; row++) {
				const sum = Math.floor((start + row) / templates.length) * width
				for (let index = 0; index < width; index++) sums[sum + index]! += at(data, row * width + index)
			}
		}
	} finally {
		await program.release()
	}
	return float32([classNames.length, width], templates.length === 1 ? Float32Array.from(sums) : unitRows(sums, width))
}

/** Prompts of one run, encoded: `rows` of them from position `start` on. */
interface Piece {
	readonly start: number
	readonly rows: number
	readonly batch: TokenBatch
}

function padded({ ids, count, length: own, endPositions }: TokenBatch, length: number, paddingId: number): TokenBatch {
	const wide = new BigInt64Array(count * length).fill(BigInt(paddingId))
	for (let row = 0; row < count; row++) wide.set(ids.subarray(row * own, (row + 1) * own), row * length)
	return { ids: wide, count, length, endPositions }
}

function textFeatureGraph(clip: TextSide, length: number) {
	const ids = ops.input('ids', 'int64', ['C', length])
	const endPosition = ops.input('endPosition', 'float32', ['C', length])
	return { features: ops.normalizeL2(encodeText(clip, ids, endPosition).features) }
}

function unitRows(rows: Float64Array, width: number): Float32Array {
	const result = new Float32Array(rows.length)
	for (let start = 0; start < rows.length; start += width) {
		const row = rows.subarray(start, start + width)
		const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0))
		result.set(
			row.map((value) => value / norm),
			start,
		)
	}
	return result
}

/** Repeats a single row, because the engine multiplies one row with a different kernel, which sums in another order. */
export function repeatSingle<T>(rows: readonly T[]): readonly T[] {
	return rows.length === 1 ? [at(rows, 0), at(rows, 0)] : rows
}
