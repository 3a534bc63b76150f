/** A report as data, before it becomes a page: sections of blocks. All texts are plain; the page escapes them. */

import type { ReportTable } from '../tables/table.js'

/** A word or sentence with what it says. */
export interface Definition {
	readonly term: string
	readonly text: string
	/** Whether the text is a path, a hash or the like, which may break anywhere. */
	readonly code?: boolean
}

/** A class that a model names, with the probability that it gives it. */
export interface Guess {
	readonly className: string
	/** In [0, 1]. */
	readonly probability: number
}

/** What one model makes of an image and of the adversarial one made against it. */
export interface GalleryModel {
	/** What a reader sees. */
	readonly title: string
	/** Best first. */
	readonly before: readonly Guess[]
	/** Missing where the model was wrong already and was not attacked. */
	readonly attacked?: {
		/** PNG as `data:` URIs. */
		readonly adversarial: string
		readonly difference: string
		/** Best first. */
		readonly after: readonly Guess[]
	}
}

/** One test image in the gallery. */
export interface GalleryImage {
	readonly id: string
	readonly className: string
	/** PNG as `data:` URI. */
	readonly clean: string
	readonly models: readonly GalleryModel[]
}

/** One part of a section. */
export type Block =
	| { readonly kind: 'paragraph'; readonly text: string; readonly tone?: Tone }
	| { readonly kind: 'list'; readonly items: readonly string[]; readonly tone?: Tone }
	| { readonly kind: 'table'; readonly table: ReportTable }
	| {
			readonly kind: 'figure'
			/** Unique in the report; also the stem of its files. */
			readonly name: string
			readonly title: string
			/** What is seen, in words. */
			readonly sentence: string
			/** What a reader must know to read it. */
			readonly notes: readonly string[]
			/** SVG document made by this program. */
			readonly svg: string
			/** The numbers that are drawn. */
			readonly table?: ReportTable
	  }
	| {
			readonly kind: 'gallery'
			readonly title: string
			/** How the images were chosen and attacked; sentences. */
			readonly notes: readonly string[]
			/** What differences are multiplied by before they are shown around mid-grey. */
			readonly factor: number
			readonly images: readonly GalleryImage[]
	  }
	| { readonly kind: 'definitions'; readonly entries: readonly Definition[] }
	| { readonly kind: 'code'; readonly label: string; readonly text: string }
	| { readonly kind: 'details'; readonly summary: string; readonly blocks: readonly Block[] }

/** `problem`: something is missing or wrong. `note`: to be read before the numbers. */
export type Tone = 'note' | 'problem'

/** A section under a heading of its own. */
export interface ReportSection {
	/** Small letters, digits and `-`; unique. */
	readonly id: string
	readonly title: string
	readonly blocks: readonly Block[]
}

/** A whole report. */
export interface ReportDocument {
	readonly title: string
	/** What was found: one sentence or few. */
	readonly verdict: readonly string[]
	/** What it is about, in a few short lines. */
	readonly facts: readonly Definition[]
	readonly introduction: readonly Block[]
	readonly sections: readonly ReportSection[]
	/** What wrote it, such as `naptune 0.1.0`. */
	readonly writer: string
}
