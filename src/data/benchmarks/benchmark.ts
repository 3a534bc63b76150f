/** What is known in advance about a published data set: its place below a data root, and its required parts. */

/** A published file with fixed content. */
export interface PublishedFile {
	/** Its name in the data set's folder. */
	readonly name: string
	/** Id of its content in git (SHA-1 of a header and the bytes). */
	readonly gitBlob: string
	/** SHA-256 of its content, if known. */
	readonly sha256?: string
}

/** How to read a data set's images, labels and splits. */
export type Layout =
	/** One JSON file with the keys `train`, `val` and `test`, each a list of [path below `images`, label, class name]. */
	| { readonly kind: 'split-file'; readonly file: PublishedFile }
	/** `variants.txt` and `images_variant_{train,val,test}.txt`, as published for FGVC Aircraft. */
	| { readonly kind: 'variant-lists' }
	/** `train` and `val` with one folder per WordNet id; the test split is all of `val`, or one named image of each class. */
	| { readonly kind: 'imagenet'; readonly test: 'all' | 'one-per-class' }

/** A published data set in the directory layout of CoOp (KaiyangZhou/CoOp, `DATASETS.md`). */
export interface Benchmark {
	/** Its name for `loadDataset`. */
	readonly name: string
	/** Its name in papers. */
	readonly title: string
	/** Hand-written zero-shot prompt with `{}` for the class name (CoOp, `trainers/zsclip.py`); default `a photo of a {}.` */
	readonly template?: string
	/** Its folder below the data root. */
	readonly folder: string
	/** Folders of images below it, which must exist. */
	readonly images: readonly string[]
	readonly layout: Layout
	/** Number of classes. */
	readonly classes: number
	/** Number of images. */
	readonly sizes: { readonly train: number; readonly validation: number; readonly test: number }
	/** How to obtain its parts, one sentence each. */
	readonly obtain: readonly string[]
}

/** Where to get the split files of CoOp. */
export function splitFileAt(name: string): string {
	return `${name}: from https://github.com/linzhiqiu/cross_modal_adaptation/tree/main/splits, into that folder.`
}
