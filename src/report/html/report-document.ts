/** The report as data, before it becomes a page: sections of blocks. All texts are plain; the page escapes them. */

import type { ReportTable } from '../tables/table.js'

/** A term with its description. */
export interface Definition {
	readonly term: string
	readonly text: string
	/** Whether the text is a path, hash or similar, which may break anywhere. */
	readonly code?: boolean
}

/** A class with the model's probability for it. */
export interface Guess {
	readonly className: string
	/** Probability in [0, 1]. */
	readonly probability: number
}

/** What one model sees in an image and in the adversarial image made against it. */
export interface GalleryModel {
	/** Title for readers. */
	readonly title: string
	/** Guesses, best first. */
	readonly before: readonly Guess[]
	/** Missing if the model was already wrong and was not attacked. */
	readonly attacked?: {
		/** PNG as `data:` URIs. */
		readonly adversarial: string
		readonly difference: string
		/** Guesses, best first. */
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
			/** Description of the figure in words. */
			readonly sentence: string
			/** Notes for reading it. */
			readonly notes: readonly string[]
			/** SVG document from this program. */
			readonly svg: string
			/** The plotted numbers. */
			readonly table?: ReportTable
	  }
	| {
			readonly kind: 'gallery'
			readonly title: string
			/** Sentences that state how the images were chosen and attacked. */
			readonly notes: readonly string[]
			/** Factor on the differences, which are shown around mid-grey. */
			readonly factor: number
			readonly images: readonly GalleryImage[]
	  }
	| { readonly kind: 'definitions'; readonly entries: readonly Definition[] }
	| { readonly kind: 'code'; readonly label: string; readonly text: string }
	| { readonly kind: 'details'; readonly summary: string; readonly blocks: readonly Block[] }

/** `problem`: something is missing or wrong. `note`: read this before the numbers. */
export type Tone = 'note' | 'problem'

/** A section with its own heading. */
export interface ReportSection {
	/** Lower-case letters, digits and `-`; unique. */
	readonly id: string
	readonly title: string
	readonly blocks: readonly Block[]
}

/** A whole report. */
export interface ReportDocument {
	readonly title: string
	/** The findings in one or a few sentences. */
	readonly verdict: readonly string[]
	/** The subject in a few short lines. */
	readonly facts: readonly Definition[]
	readonly introduction: readonly Block[]
	readonly sections: readonly ReportSection[]
	/** The program that wrote it, such as `naptune 0.1.0`. */
	readonly writer: string
}
