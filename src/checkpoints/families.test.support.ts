/** The tiny checkpoints of fixtures/families, opened as a person would, and what their own libraries compute. */

import { copyFile, cp } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defined } from '../core/defined.js'
import { doublesOf } from '../files/golden.test.support.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import type { ClipModel } from '../vlm/model.js'
import { loadClip } from './load-clip.js'
import { type ModelSource, modelSource } from './model-source.js'

const root = fileURLToPath(new URL('../../fixtures/families/', import.meta.url))
const nanoTokenizer = fileURLToPath(new URL('../../models/nano/tokenizer.json', import.meta.url))

/** Path of a fixture. */
export function familyFixture(name: string): string {
	return join(root, name)
}

/** A copy of an open_clip folder with the tokenizer of nano, which has as many tokens. */
export async function openClipFolder(name = 'open-clip'): Promise<string> {
	const folder = join(await temporaryFolder(), name)
	await cp(familyFixture(name), folder, { recursive: true })
	await copyFile(nanoTokenizer, join(folder, 'tokenizer.json'))
	return folder
}

/** A model of any layout, whose notices are collected. */
export async function openFamily(source: string): Promise<{ clip: ClipModel; notices: string[] }> {
	const notices: string[] = []
	const options = { cacheDirectory: await temporaryFolder(), onNotice: (notice: string) => notices.push(notice) }
	return { clip: await loadClip(source, options), notices }
}

/** A fixture whose vocabulary is nano's. @param settings What else is said beside it. */
export function withNanoTokenizer(name: string, settings: ModelSource['settings'] = {}): string {
	return modelSource({ place: familyFixture(name), settings: { ...settings, tokenizer: nanoTokenizer } })
}

/** Two fixtures of ONNX encoders as a model, with nano's tokenizer. */
export function encoderPair(): string {
	const [image, text] = ['image', 'text'].map((name) => familyFixture(`encoders/${name}.onnx`))
	return modelSource({
		place: '',
		settings: { ...defined({ 'image-encoder': image, 'text-encoder': text }), tokenizer: nanoTokenizer },
	})
}

/** Values of the model's own library. */
export function familyGolden(name: string): Promise<ReadonlyMap<string, number[]>> {
	return doublesOf(familyFixture(name))
}
