/** A checkpoint on disk: config, weights by reference, tokenizer and preprocessing, all checked before use. */

import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { NaptuneError } from '../errors.js'
import { readSafetensorsHeader } from '../files/safetensors.js'
import { sha256OfFile } from '../files/sha256.js'
import { type ClipConfig, parseClipConfig } from './config.js'
import { expectedWeights } from './expected-weights.js'
import { type PreprocessorConfig, parsePreprocessorConfig } from './preprocessor-config.js'
import type { WeightReference } from './weights.js'

/** A loaded checkpoint. Nothing of the weights is in memory. */
export interface Checkpoint {
	/** The directory or hub id that was asked for. */
	readonly source: string
	/** Commit hash, for a checkpoint of the hub. */
	readonly revision?: string
	/** SHA-256 of the weights file as published (before any conversion). */
	readonly sha256: string
	readonly config: ClipConfig
	/** All weights of {@link expectedWeights} by name, as float32. */
	readonly weights: ReadonlyMap<string, WeightReference>
	/** Path of `tokenizer.json`. */
	readonly tokenizerFile: string
	readonly preprocessor: PreprocessorConfig
	/** The folder that holds the files. */
	readonly directory: string
}

/**
 * Loads a CLIP checkpoint.
 * @param source A directory in the layout of openai/clip-vit-base-patch16.
 * @throws NaptuneError when a file is missing or invalid, or config and weights disagree.
 */
export async function loadCheckpoint(source: string): Promise<Checkpoint> {
	const directory = resolve(source)
	const config = parseClipConfig(await readJson(join(directory, 'config.json')), join(directory, 'config.json'))
	const preprocessorFile = join(directory, 'preprocessor_config.json')
	const preprocessor = parsePreprocessorConfig(await readJson(preprocessorFile), preprocessorFile)
	const tokenizerFile = join(directory, 'tokenizer.json')
	if (!(await stat(tokenizerFile).catch(() => undefined))) throw new NaptuneError(`${tokenizerFile} is missing.`)
	const weightsFile = join(directory, 'model.safetensors')
	const header = await readSafetensorsHeader(weightsFile)
	const weights = new Map<string, WeightReference>()
	const problems: string[] = []
	for (const [name, shape] of expectedWeights(config)) {
		const entry = header.tensors.get(name)
		if (!entry) problems.push(`${name} is missing`)
		else if (entry.shape.join() !== shape.join()) {
			problems.push(`${name} is [${entry.shape.join(', ')}], the config implies [${shape.join(', ')}]`)
		} else if (entry.dtype !== 'F32') problems.push(`${name} is ${entry.dtype}`)
		else weights.set(name, { file: weightsFile, offset: entry.offset, length: entry.length, shape })
	}
	if (problems.length > 0)
		throw new NaptuneError(`${weightsFile} does not fit its config.json: ${problems.join('; ')}.`)
	return { source, sha256: await sha256OfFile(weightsFile), config, weights, tokenizerFile, preprocessor, directory }
}

async function readJson(path: string): Promise<unknown> {
	try {
		return JSON.parse(await readFile(path, 'utf8'))
	} catch (error) {
		throw new NaptuneError(`${path} could not be read: ${(error as Error).message}.`, { cause: error })
	}
}
