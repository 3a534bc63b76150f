/**
 * A zero-shot export as a served model: its image tower on pictures, its text tower on classes, its own comparison of both.
 */

import { mostRowsPerThread, runPadded } from '../classifier/padded-run.js'
import { at, entry } from '../core/at.js'
import type { Tensor } from '../core/tensor.js'
import { checkNames } from '../data/folders/class-folders.js'
import { preparationOf } from '../export/attackable-export.js'
import { compiledMessage, exportedMessage } from '../export/exported-message.js'
import { pixelValuesPort } from '../export/exported-preparation.js'
import { pixelValuesOf } from '../export/exported-program.js'
import { exportedTexts } from '../export/exported-texts.js'
import { graphPart } from '../export/graph-part.js'
import { graphOf, type LoadedExport } from '../export/load-export.js'
import type { Port } from '../onnx/protobuf.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import type { ServedModel } from './served-model.js'
import { createVocabularies, type HeldVocabulary, heldVocabulary, rowOf } from './vocabularies.js'

/** Prepares a zero-shot export for serving, with the classes that it was tuned for and any others. */
export async function servedOpenExport(engine: ModelEngine, exported: LoadedExport): Promise<ServedModel> {
	// Pictures need not wait while the text tower is compiled.
	const textEngine = await createEngine({ device: engine.device, threads: 1, spinning: false })
	try {
		return await opened(engine, textEngine, exported)
	} catch (error) {
		await textEngine.close()
		throw error
	}
}

async function opened(engine: ModelEngine, textEngine: ModelEngine, exported: LoadedExport): Promise<ServedModel> {
	const { record, folder } = exported
	const graph = graphOf(record, 'zero-shot')
	const message = await exportedMessage(exported, graph)
	const texts = await exportedTexts(textEngine, exported)
	const text_embeds = await texts.embeds(record.classNames)
	const width = at(text_embeds.shape, 1)
	const features: Port = { name: 'image_embeds', type: 'float32', shape: ['batch_size', width] }
	const logits: Port = { name: 'logits_per_image', type: 'float32', shape: ['batch_size', 'classes'] }
	const inputs = [pixelValuesPort(record.image)]
	const outputs = [logits, features]
	const model = graphPart(message.model, { feeds: inputs, fixed: { text_embeds }, outputs })
	const program = await compiledMessage(engine, { ...message, model }, { inputs, outputs }, graph.file)
	/** Texts are constants of the graph, so a picture's logits do not depend on the other pictures of its batch. */
	const comparison = async (classNames: readonly string[]): Promise<HeldVocabulary> => {
		checkNames(classNames, 'The list of classes')
		const fixed = { text_embeds: await texts.embeds(classNames) }
		const compared = graphPart(message.model, { feeds: [features], fixed, outputs: [logits] })
		const ports = { inputs: [features], outputs: [logits] }
		const own = await compiledMessage(textEngine, { ...message, model: compared }, ports, 'comparison with classes')
		return heldVocabulary(own, classNames, { input: features.name, output: logits.name })
	}
	const openVocabulary = createVocabularies({ build: comparison })
	const { size } = record.image
	return {
		about: {
			kind: 'export',
			method: record.run.defense.name,
			weights: entry(record.files, graph.file).sha256,
		},
		classNames: record.classNames,
		preparation: { kind: 'prepared', size, preparation: await preparationOf(folder) },
		inputShape: [3, size, size],
		openVocabulary,
		async evaluate(pixels) {
			const count = at(pixels.shape, 0)
			const fed = { pixel_values: pixelValuesOf(pixels, record.image) }
			const found = await runPadded(program, count, fed, {}, { most: mostRowsPerThread * engine.threads })
			const output = (name: string, row: number) => rowOf(entry(found, name) as Tensor<'float32'>, row)
			return Array.from({ length: count }, (_, row) => ({
				logits: output(logits.name, row),
				features: output(features.name, row),
			}))
		},
		async release() {
			await openVocabulary.release()
			await texts.release()
			await program.release()
			await textEngine.close()
		},
	}
}
