/** What is known beforehand of a published data set: where it lies below a data root, and what must be there. */

/** A file that was published with one content. */
export interface PublishedFile {
	/** Its name in the data set's folder. */
	readonly name: string
	/** Id of its content in git (SHA-1 of a header and the bytes). */
	readonly gitBlob: string
	/** SHA-256 of its content, where the file was at hand. */
	readonly sha256?: string
}

/** The rule by which a data set's images, labels and splits are read. */
export type Layout =
	/** One JSON file with the keys `train`, `val` and `test`, each a list of [path below `images`, label, class name]. */
	| { readonly kind: 'split-file'; readonly file: PublishedFile }
	/** `variants.txt` and `images_variant_{train,val,test}.txt`, as FGVC Aircraft comes. */
	| { readonly kind: 'variant-lists' }
	/** `train` and `val` with one folder per WordNet id; `val` is the test split, or one named image of each class is. */
	| { readonly kind: 'imagenet'; readonly test: 'all' | 'one-per-class' }

/** A published data set in the directory layout of CoOp (KaiyangZhou/CoOp, `DATASETS.md`). */
export interface Benchmark {
	/** As `loadDataset` knows it. */
	readonly name: string
	/** As papers write it. */
	readonly title: string
	/** Hand-written zero-shot prompt with `{}` for the class name (CoOp, `trainers/zsclip.py`); default `a photo of a {}.` */
	readonly template?: string
	/** Its folder below the data root. */
	readonly folder: string
	/** Folders of images below that, which must exist. */
	readonly images: readonly string[]
	readonly layout: Layout
	/** Number of classes. */
	readonly classes: number
	/** Number of images. */
	readonly sizes: { readonly train: number; readonly validation: number; readonly test: number }
	/** Where to get what, one sentence each. */
	readonly obtain: readonly string[]
}

/** Where the split files of CoOp can be had. */
export function splitFileAt(name: string): string {
	return `${name}: from https://github.com/linzhiqiu/cross_modal_adaptation/tree/main/splits, into that folder.`
}
