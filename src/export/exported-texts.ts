/** Class names through the text tower of a zero-shot export: its own tokenizer, its own graph. */

import { join } from 'node:path'
import { loadTokenizer } from '../checkpoints/load-tokenizer.js'
import { runPadded } from '../classifier/padded-run.js'
import { entry, last, present } from '../core/at.js'
import { defined } from '../core/defined.js'
import { int64, type Tensor } from '../core/tensor.js'
import type { ExportedGraph } from '../records/export.js'
import type { ModelEngine } from '../runtime/engine.js'
import { classPrompts } from '../vlm/class-prompts.js'
import type { ClipTokenizer } from '../vlm/tokenizer.js'
import { exportedProgram } from './exported-program.js'
import { graphOf, type LoadedExport } from './load-export.js'

/** The text side of an export. */
export interface ExportedTexts {
	/**
	 * Features [C, E] of unit length, of each class in the export's own template.
	 * @throws NaptuneError for an empty name, or one of more tokens than the export reads.
	 */
	embeds(classNames: readonly string[]): Promise<Tensor<'float32'>>
	/** Frees the program. Idempotent. */
	release(): Promise<void>
}

/** Texts of one run. */
const textsPerRun = 64

/** Opens it. @throws NaptuneError when files are missing, damaged or none of a zero-shot export. */
export async function exportedTexts(engine: ModelEngine, exported: LoadedExport): Promise<ExportedTexts> {
	const { record, folder } = exported
	const graph = graphOf(record, 'text')
	const { hypothesisTemplate, maxTokens } = present(record.text, 'texts in export.json')
	const tokenizer = await loadTokenizer(join(folder, 'tokenizer.json'))
	const program = await exportedProgram(engine, folder, graph)
	return {
		async embeds(classNames) {
			const { prompts } = classPrompts(classNames, hypothesisTemplate)
			const found = await runPadded(
				program,
				classNames.length,
				exportedTokens(tokenizer, prompts, { maxTokens, inputs: graph.inputs }),
				{},
				{ most: textsPerRun },
			)
			return entry(found, 'text_embeds') as Tensor<'float32'>
		},
		release: () => program.release(),
	}
}

/**
 * Texts as tokens, padded to the longest, with a mask that ends with the end token; or padded to the only length that the graph
 * reads, without a mask, as SigLIP's.
 * @param inputs Of the graph. @throws NaptuneError for a text that is too long.
 */
export function exportedTokens(
	tokenizer: ClipTokenizer,
	texts: readonly string[],
	{ maxTokens, inputs }: { readonly maxTokens: number; readonly inputs: ExportedGraph['inputs'] },
): Record<string, Tensor<'int64'>> {
	const endTokenId = last(tokenizer.encode(''))
	const open = inputs.some(({ name }) => name === 'attention_mask')
	const fixed = inputs.find(({ name }) => name === 'input_ids')?.shape[1]
	const { ids, endPositions, count, length } = tokenizer.encodeBatch(texts, {
		contextLength: maxTokens,
		endTokenId,
		...(open ? { eosRule: 'first-match' } : { eosRule: 'last', cleanUp: false }),
		...defined({ padTo: typeof fixed === 'number' ? fixed : undefined }),
	})
	if (!open) return { input_ids: int64([count, length], ids) }
	const mask = Array.from({ length: count * length }, (_, index) =>
		index % length <= (endPositions[Math.floor(index / length)] ?? 0) ? 1 : 0,
	)
	return { input_ids: int64([count, length], ids), attention_mask: int64([count, length], mask) }
}
