/** Reads `.onnx` files, whose weights may be in other files of their folder. */

import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { NaptuneError } from '../../core/errors.js'
import { type ReadModel, readModel } from '../read.js'
import type { WeightsFile } from '../read-tensor.js'

/**
 * Reads a model file, whose weights may be in other files of its directory.
 * @throws NaptuneError when it cannot be read, or as {@link readModel} does.
 */
export async function readModelFile(path: string): Promise<ReadModel> {
	let bytes: Uint8Array
	try {
		bytes = await readFile(path)
	} catch (cause) {
		throw new NaptuneError(
			'NAP_FILE_UNREADABLE',
			`The model ${path} cannot be read; check the path and its permissions.`,
			{ cause },
		)
	}
	try {
		return readModel(bytes, { weights: weightsBelow(dirname(path)) })
	} catch (error) {
		if (!(error instanceof NaptuneError)) throw error
		throw new NaptuneError(error.code, `${path}: ${error.message}`, { cause: error })
	}
}

/** Finds the weight files of a model in a directory, for {@link readModel}. */
export function weightsBelow(directory: string): (path: string, weight: string) => WeightsFile {
	return (path, weight) => {
		const file = join(directory, path)
		try {
			return { file, size: statSync(file).size }
		} catch (cause) {
			throw new NaptuneError(
				'NAP_FILE_UNREADABLE',
				`Weight ${weight} is in ${file}, which cannot be read; put it beside the model.`,
				{
					cause,
				},
			)
		}
	}
}
