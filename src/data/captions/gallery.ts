/** Images and captions to match with each other. */

import { sha256OfBytes } from '../../files/sha256.js'
import { tokenForm } from '../../files/text/token-form.js'
import type { DataOrigin, Split } from '../dataset.js'

/** A retrieval gallery. */
export interface Gallery {
	readonly name: string
	/** `image`: captions of single images. `class`: every image of a class shares the captions of its class. */
	readonly level: 'image' | 'class'
	/** The label of an image is its first own caption. */
	readonly images: Split
	/** Captions, each once, without a final full stop. */
	readonly captions: readonly string[]
	/** Positions of each image's own captions, ascending; at least one. */
	readonly own: readonly (readonly number[])[]
	/** What readers must know before they trust the numbers. */
	readonly notices: readonly string[]
	/** How to load the same gallery again. */
	readonly origin: DataOrigin
}

/** SHA-256 of a gallery's content: image ids with their captions. Its location does not matter. */
export function galleryFingerprint({ images, captions, own }: Pick<Gallery, 'images' | 'captions' | 'own'>): string {
	const content = own.map((positions, index) => [images.id(index), positions.map((at) => captions[at])])
	return sha256OfBytes(JSON.stringify(content))
}

/**
 * The form of a caption for comparisons: captions that a CLIP tokenizer cannot tell apart are equal. Underscores are spaces,
 * as in class names.
 */
export function captionKey(text: string): string {
	return tokenForm(withoutFullStop(text))
}

/** A caption with single spaces and without a final full stop, which class prompts add themselves. */
export function withoutFullStop(text: string): string {
	return text.replaceAll('_', ' ').replace(/\s+/g, ' ').trim().replace(/ ?\.$/, '')
}

/**
 * Every caption once, in order of first occurrence, and the images that it belongs to.
 * @param captionsOf Captions by image.
 */
export function distinctCaptions(captionsOf: readonly (readonly string[])[]): Pick<Gallery, 'captions' | 'own'> {
	const positions = new Map<string, number>()
	const captions: string[] = []
	const own = captionsOf.map((texts) => {
		const found = texts.map((text) => {
			const key = captionKey(text)
			const known = positions.get(key)
			if (known !== undefined) return known
			positions.set(key, captions.length)
			return captions.push(withoutFullStop(text)) - 1
		})
		return [...new Set(found)].sort((a, b) => a - b)
	})
	return { captions, own }
}
