/** How to load the same data again, by kind of source. Names and order of the entries enter fingerprints. */

import { z } from 'zod'
import type { Immutable } from '../../core/immutable.js'
import { informative } from '../informative.js'
import { count, positive, sha256 } from './fields.js'

/** Choices made from the data of a source. */
const choices = {
	classes: z.array(z.string()).exactOptional().describe('The only classes, in the order of labels.'),
	captionTemplates: z
		.array(z.string())
		.exactOptional()
		.describe('Caption templates of every class; {} stands for its name.'),
	fewShot: z
		.strictObject({ shots: positive, seed: count, procedure: z.literal('CoOp') })
		.exactOptional()
		.describe('The few-shot sample of training images.'),
}

/** How the splits were made; `train` means only the images of that split. */
const splits = {
	split: z.enum(['given', 'drawn', 'train']).exactOptional(),
	splitSeed: count.exactOptional(),
	splitRule: z.string().exactOptional(),
}

const splitsSchema = z.strictObject(splits)

/** How the splits of data were made. */
export type SplitOrigin = Immutable<z.output<typeof splitsSchema>>

/** Data included in the package. */
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
		.describe('Folders of training, validation and test images, if the splits are given.'),
	fileNames: sha256,
	...choices,
})

/** Images of a folder and its subfolders, without classes. */
const images = z.strictObject({ dataset: z.literal('images'), path: z.string() })

/** A file that lists images, classes and splits. */
const manifest = z.strictObject({
	dataset: z.literal('manifest'),
	path: z.string().describe('Path with options, such as `list.csv?images=FOLDER`.'),
	sha256,
	...splits,
	...choices,
})

/** Images with captions. */
const captions = z.strictObject({
	dataset: z.literal('captions'),
	path: informative(z.string().describe('Path of the file; only its content matters.')),
	sha256,
	seed: count.exactOptional().describe('Seed of the choice of images, if not all are used.'),
})

/** A data set of the Hugging Face hub. */
const hub = z.strictObject({
	dataset: z.templateLiteral(['hf:', z.string()]).describe('`hf:owner/name@commit`, with configuration and options.'),
	...splits,
	files: sha256,
	...choices,
})

/** Data supplied by a program that uses the library. */
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

/** How to load the same data again. */
export const dataOriginSchema = z.union([embedded, folder, images, manifest, captions, hub, own, benchmark])

/** Kinds of sources. */
export type OriginKind = keyof typeof origins

/** How to load the same data again. */
export type DataOrigin = Immutable<z.output<typeof dataOriginSchema>>

/** How to load data from one kind of source again. */
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

/** Whether data come from a kind of source. */
export function isOrigin<Kind extends OriginKind>(
	origin: DataOrigin,
	kind: Kind,
): origin is DataOrigin & OriginOf<Kind> {
	return originKind(origin) === kind
}

/** What to load the data by: a name, or the path of a file or folder. */
export function originName(origin: DataOrigin): string {
	return 'path' in origin && typeof origin.path === 'string' ? origin.path : origin.dataset
}

/** The seed that drew the splits; undefined if they were not drawn. */
export function originSplitSeed(origin: DataOrigin): number | undefined {
	return 'splitSeed' in origin && typeof origin.splitSeed === 'number' ? origin.splitSeed : undefined
}

/** The few-shot sample of the training images; undefined means all. */
export function originSample(origin: DataOrigin): { readonly shots: number; readonly seed: number } | undefined {
	return 'fewShot' in origin ? origin.fewShot : undefined
}

/** The data from which a few-shot sample was drawn. */
export function withoutSample(origin: DataOrigin): DataOrigin {
	if (!('fewShot' in origin)) return origin
	const { fewShot: _, ...source } = origin
	return source
}

/** An origin without its location, which does not affect results. */
export function withoutPlace(origin: DataOrigin): Readonly<Record<string, unknown>> {
	const { root: _, path: __, ...rest }: Readonly<Record<string, unknown>> = origin
	return rest
}
