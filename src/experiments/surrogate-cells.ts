/** Models of an attacker who does not know the attacked one, and the images made on them once per data set. */

import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openSurrogate } from '../attacks/files/open-surrogate.js'
import type { ThreatModel } from '../attacks/sets/threat-model.js'
import { defined } from '../core/defined.js'
import type { Dataset, Split } from '../data/dataset.js'
import { type AdversarialImages, readAdversarialImages } from '../evaluation/stores/adversarial-images.js'
import { generateAdversarialImages } from '../evaluation/stores/generate.js'
import { makeFolder } from '../files/make-folder.js'
import { surrogateFiles } from '../methods/surrogates/files.js'
import { classifierRecipe, substituteRecipe } from '../methods/surrogates/recipe.js'
import { trainClassifier } from '../methods/surrogates/train-classifier.js'
import { trainSubstitute } from '../methods/surrogates/train-substitute.js'
import type { SurrogateWorth } from '../records/experiment.js'
import { dataOriginSchema, withoutPlace } from '../records/parts/data-origin.js'
import { readRecord } from '../records/record-kind.js'
import { sameSettings } from '../records/settings.js'
import { surrogateKind } from '../records/surrogate.js'
import type { Engine } from '../runtime/engine.js'
import type { ClipModel } from '../vlm/model.js'
import { type Surrogates, shortHash, slug } from './cells.js'
import { surrogatesOf, writtenSurrogate } from './surrogate-text.js'
import { surrogateWorth } from './surrogate-worth.js'

const shipped = fileURLToPath(new URL('../../models/surrogates', import.meta.url))

/** What it takes to make images on surrogates. */
export interface SurrogateInput {
	readonly engine: Engine
	/** Only its preprocessing and image size matter. */
	readonly clip: ClipModel
	readonly dataset: Dataset
	readonly split: Split
	readonly kind: 'classifiers' | 'substitute'
	readonly surrogates: Surrogates
	readonly attack: string
	readonly options: Readonly<Record<string, unknown>>
	readonly threatModel: ThreatModel
	readonly seed: number
	/** Folder of all experiments. */
	readonly output: string
	readonly onProgress?: (share: number, what: string) => void
	readonly signal?: AbortSignal
}

/** Images, and the worth of the surrogates that they were made on. */
export interface MadeImages {
	readonly images: AdversarialImages
	readonly worth: readonly SurrogateWorth[]
}

/**
 * Images made on surrogates: those of an earlier call, plus the missing ones. Surrogates in the package for the same data
 * take precedence over training.
 * @returns Undefined if the signal stopped it.
 * @throws NaptuneError as the training of surrogates and `generateAdversarialImages`.
 */
export async function imagesOnSurrogates(input: SurrogateInput): Promise<MadeImages | undefined> {
	const { engine, clip, dataset, split, attack, options, threatModel, seed, signal } = input
	const paths = await surrogatePaths(input)
	if (!paths) return undefined
	const surrogates = []
	try {
		for (const text of paths) {
			const { path, declared } = writtenSurrogate(text)
			surrogates.push(await openSurrogate(engine, path, dataset.classNames, declared))
		}
		const models = surrogates.map(({ sha256 }) => sha256)
		const { preprocessor } = clip.checkpoint
		const decides = { attack, options, threatModel, seed, models, preprocessor, size: clip.config.vision.imageSize }
		const folder = join(input.output, 'cells', 'images', slug(dataset.name), `${slug(attack)}-${shortHash(decides)}`)
		let before = 0
		const generated = await generateAdversarialImages({
			folder,
			engine,
			clip,
			dataset,
			splitName: 'test',
			split,
			attack,
			options,
			surrogates,
			threatModel,
			seed,
			...defined({ signal }),
			onStart: (done) => {
				before = done
			},
			onProgress: (done) => input.onProgress?.((done - before) / Math.max(1, split.length - before), 'making images'),
		})
		if (!generated) return undefined
		const path = `${folder}.surrogates.json`
		const worth = await surrogateWorth({ surrogates, kind: input.kind, clip, dataset, split, path })
		return { images: await readAdversarialImages(folder), worth }
	} finally {
		for (const { classifier } of surrogates) await classifier.release()
	}
}

/** Surrogates that need no training: the user's own files, or those in the package for the same data. */
export async function knownSurrogates(
	dataset: Dataset,
	kind: SurrogateInput['kind'],
	{ files = [] }: Surrogates,
): Promise<readonly string[]> {
	const own = surrogatesOf(files, dataset.name)
	return own.length > 0 ? own : packagedSurrogates(dataset, kind)
}

async function surrogatePaths(input: SurrogateInput): Promise<readonly string[] | undefined> {
	const { surrogates, kind, dataset } = input
	const known = await knownSurrogates(dataset, kind, surrogates)
	if (known.length > 0) return known
	const paths = []
	for (const recipe of surrogates.recipes) {
		const path = await trained(input, recipe)
		if (path === undefined) return undefined
		paths.push(path)
	}
	return paths
}

/** Files of the package whose records name the same data. */
async function packagedSurrogates({ name, origin }: Dataset, kind: SurrogateInput['kind']): Promise<string[]> {
	const folder = join(shipped, name)
	if (basename(name) !== name || !existsSync(folder)) return []
	const models = (await readdir(folder)).filter((file) => file.endsWith('.onnx')).sort()
	const found = []
	for (const file of models) {
		const path = join(folder, file)
		const { kind: trainedAs, data } = await readRecord(surrogateKind, surrogateFiles(path).record)
		const substitute = kind === 'substitute'
		if (trainedAs !== (substitute ? 'substitute' : 'classifier')) continue
		const source = substitute ? { ...origin, split: 'train' } : origin
		if (sameSettings(dataOriginSchema, data.origin, source)) found.push(path)
	}
	return found
}

/** Trains one, or finds it finished. */
async function trained(
	{ engine, dataset, kind, output, signal, onProgress }: SurrogateInput,
	settings: Readonly<Record<string, unknown>>,
): Promise<string | undefined> {
	const recipe = kind === 'classifiers' ? classifierRecipe(settings) : substituteRecipe(settings)
	const origin = withoutPlace(dataset.origin)
	const folder = join(output, 'cells', 'surrogates', slug(dataset.name))
	const path = join(
		folder,
		`${kind === 'classifiers' ? recipe.family : 'substitute'}-${shortHash({ kind, recipe, origin })}.onnx`,
	)
	await makeFolder(folder)
	const shared = {
		engine,
		output: path,
		...defined({ signal }),
		onStep: (done: number, total: number) => onProgress?.(done / total, `training ${basename(path, '.onnx')}`),
	}
	const result =
		kind === 'classifiers'
			? await trainClassifier({ ...shared, dataset, recipe: classifierRecipe(settings) })
			: await trainSubstitute({
					...shared,
					images: { ...dataset.train, label: () => 0 },
					data: { name: dataset.name, origin: { ...dataset.origin, split: 'train' } },
					recipe: substituteRecipe(settings),
				})
	return result && path
}
