/** How to get the same data again, by kind of source. Names and order of the entries are part of fingerprints. */

import { z } from 'zod'
import type { Immutable } from '../../core/immutable.js'
import { informative } from '../informative.js'
import { count, positive, sha256 } from './fields.js'

/** What was made of the data of a source. */
const choices = {
	classes: z.array(z.string()).exactOptional().describe('The only classes, in the order of labels.'),
	captionTemplates: z.array(z.string()).exactOptional().describe('Captions of every class; {} stands for its name.'),
	fewShot: z
		.strictObject({ shots: positive, seed: count, procedure: z.literal('CoOp') })
		.exactOptional()
		.describe('The few-shot sample of training images.'),
}

/** How the splits came about; `train` where only the images of that split are meant. */
const splits = {
	split: z.enum(['given', 'drawn', 'train']).exactOptional(),
	splitSeed: count.exactOptional(),
	splitRule: z.string().exactOptional(),
}

const splitsSchema = z.strictObject(splits)

/** How the splits of data came about. */
export type SplitOrigin = Immutable<z.output<typeof splitsSchema>>

/** Data that come with the package. */
const embedded = z.strictObject({
	dataset: z.literal('cifar10-mini'),
	imageSize: positive,
	seed: count,
	manifest: sha256,
	split: splits.split,
	...choices,
})

/** A folder of class folders. */
const folder = z.strictObject({
	dataset: z.literal('folder'),
	path: z.string(),
	...splits,
	folders: z
		.tuple([z.string(), z.string().nullable(), z.string()])
		.exactOptional()
		.describe('Of training, validation and test images, where the splits are given.'),
	fileNames: sha256,
	...choices,
})

/** Images of a folder and of those below it, whatever they show. */
const images = z.strictObject({ dataset: z.literal('images'), path: z.string() })

/** A file that lists images, classes and splits. */
const manifest = z.strictObject({
	dataset: z.literal('manifest'),
	path: z.string().describe('With its options: `list.csv?images=FOLDER`.'),
	sha256,
	...splits,
	...choices,
})

/** Images with captions. */
const captions = z.strictObject({
	dataset: z.literal('captions'),
	path: informative(z.string().describe('Of the file, whose content decides.')),
	sha256,
	seed: count.exactOptional().describe('Of the choice of images, where not all are used.'),
})

/** A data set of the Hugging Face hub. */
const hub = z.strictObject({
	dataset: z.templateLiteral(['hf:', z.string()]).describe('`hf:owner/name@commit`, with configuration and options.'),
	...splits,
	files: sha256,
	...choices,
})

/** Data of a program that uses the library. */
const own = z.looseObject({ dataset: z.literal('own'), ...choices })

/** A published data set below a data root. */
const benchmark = z.strictObject({
	dataset: z.string().describe('Its name, such as `caltech101`.'),
	root: informative(z.string().describe('Folder that holds the folders of data sets.')),
	contents: sha256,
	split: splits.split,
	...choices,
})

const origins = { embedded, folder, images, manifest, captions, hub, own, benchmark }

/** How to get the same data again. */
export const dataOriginSchema = z.union([embedded, folder, images, manifest, captions, hub, own, benchmark])

/** Kinds of sources. */
export type OriginKind = keyof typeof origins

/** How to get the same data again. */
export type DataOrigin = Immutable<z.output<typeof dataOriginSchema>>

/** How to get the data of a kind of source again. */
export type OriginOf<Kind extends OriginKind> = Immutable<z.output<(typeof origins)[Kind]>>

/** The kind of source of data. */
export function originKind({ dataset }: DataOrigin): OriginKind {
	if (dataset === 'cifar10-mini') return 'embedded'
	if (dataset.startsWith('hf:')) return 'hub'
	return dataset === 'folder' ||
		dataset === 'images' ||
		dataset === 'manifest' ||
		dataset === 'captions' ||
		dataset === 'own'
		? dataset
		: 'benchmark'
}

/** Whether data are of a kind of source. */
export function isOrigin<Kind extends OriginKind>(
	origin: DataOrigin,
	kind: Kind,
): origin is DataOrigin & OriginOf<Kind> {
	return originKind(origin) === kind
}

/** What the data are loaded by: a name, or the path of a file or folder. */
export function originName(origin: DataOrigin): string {
	return 'path' in origin && typeof origin.path === 'string' ? origin.path : origin.dataset
}

/** The seed by which the splits were drawn; undefined where they were not. */
export function originSplitSeed(origin: DataOrigin): number | undefined {
	return 'splitSeed' in origin && typeof origin.splitSeed === 'number' ? origin.splitSeed : undefined
}

/** The few-shot sample of the training images; undefined where all are meant. */
export function originSample(origin: DataOrigin): { readonly shots: number; readonly seed: number } | undefined {
	return 'fewShot' in origin ? origin.fewShot : undefined
}

/** The data that a few-shot sample is of. */
export function withoutSample(origin: DataOrigin): DataOrigin {
	if (!('fewShot' in origin)) return origin
	const { fewShot: _, ...source } = origin
	return source
}

/** Where data lie decides nothing of what is made of them. */
export function withoutPlace(origin: DataOrigin): Readonly<Record<string, unknown>> {
	const { root: _, path: __, ...rest }: Readonly<Record<string, unknown>> = origin
	return rest
}
