/** Saves graphs as `.onnx` files that any ONNX Runtime can load. */

import { realpathSync } from 'node:fs'
import { dirname, isAbsolute, relative, sep } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import { writeFileAtomic } from '../../files/atomic-write.js'
import { type SerializedModel, serializeModel } from '../serialize.js'
import type { Value } from '../value.js'

/**
 * Writes the graph that computes the named outputs. Weights in other files stay there: the model names them relative to its
 * own directory, so they must be inside it.
 * @param path The `.onnx` file to create or replace, atomically; its folder must exist.
 * @param metadata Free-form text to store in the model, by key.
 * @throws NaptuneError when weights are elsewhere, missing or only in memory, as `serializeModel` does, or when the file
 * cannot be written.
 */
export async function writeModel(
	path: string,
	outputs: Readonly<Record<string, Value>>,
	metadata: Readonly<Record<string, string>> = {},
): Promise<SerializedModel> {
	const directory = realPath(dirname(path), `The folder ${dirname(path)} of the model does not exist; create it first.`)
	const model = serializeModel(outputs, {
		metadata,
		resolveFile: (file) => realPath(file, `The weights file ${file} cannot be read; restore it.`),
		locate: (file) => {
			const location = relative(directory, file)
			if (location === '..' || location.startsWith(`..${sep}`) || isAbsolute(location)) {
				throw new NaptuneError(
					'NAP_GRAPH_INVALID',
					`The model ${path} would refer to weights in ${file}, outside its folder, which ONNX Runtime refuses. Save it beside the weights, or copy them (not link them) into its folder first.`,
				)
			}
			return location.split(sep).join('/')
		},
	})
	if (model.externalContents.size > 0) {
		throw new NaptuneError(
			'NAP_GRAPH_INVALID',
			`The model ${path} would refer to weights that exist only in memory: ${[...model.externalContents.keys()].join(', ')}. Write them to a file beside it first.`,
		)
	}
	await writeFileAtomic(path, model.bytes)
	return model
}

function realPath(file: string, problem: string): string {
	try {
		return realpathSync(file)
	} catch (cause) {
		throw new NaptuneError('NAP_FILE_UNWRITABLE', problem, { cause })
	}
}
