/** A model as the server sees it, whether it comes from a run or from an export. */

import type { Tensor } from '../core/tensor.js'
import type { Corrections, RowValues } from '../evaluation/deployed/classify.js'
import type { FlagRates } from '../evaluation/detection/assessment.js'
import type { DecodedImage } from '../images/decoded-image.js'
import type { ImageView } from '../images/view.js'
import type { Towers } from '../vlm/towers.js'

/** What is told of a model to whoever asks. Holds no path of the machine. */
export interface ModelDescription {
	/** Where it comes from. */
	readonly kind: 'run' | 'export'
	/** Such as `nap`. */
	readonly method: string
	/** SHA-256 of the weights that it started from, or of the exported files. */
	readonly weights: string
	/** Fingerprint of what was tuned. */
	readonly parameters?: string
}

/** What a model says of one picture. */
export interface ServedRow extends RowValues {
	/** Not normalised; of a model with open vocabularies. */
	readonly features?: Float32Array
}

/** A list of classes that a request brought. */
export interface Vocabulary {
	readonly classNames: readonly string[]
	/** Logits of each picture. @param features As {@link ServedRow.features}. */
	logits(features: readonly Float32Array[]): Promise<readonly Float32Array[]>
}

/** A vocabulary while it is used; others may push out of memory what nobody uses. */
export interface VocabularyLease {
	readonly vocabulary: Vocabulary
	/** Ends the use. May be called twice. */
	end(): void
}

/** Classes that requests bring. */
export interface OpenVocabulary {
	/**
	 * The text features of these classes; those of the latest lists are kept.
	 * @throws NaptuneError for names that the model cannot tell apart or that have too many tokens, and `NAP_SERVER_BUSY`
	 * where too many new lists are being computed.
	 */
	lease(classNames: readonly string[]): Promise<VocabularyLease>
}

/** A model behind a server. */
export interface ServedModel {
	readonly about: ModelDescription
	/** In logit order. */
	readonly classNames: readonly string[]
	/** What becomes of a picture before the model reads it; or the model does that itself, and takes it as it was decoded. */
	readonly preparation: ImageView | ((picture: DecodedImage) => Promise<Float32Array>)
	/** Probabilities of all classes together, or of each by itself; of all together where it is left out. */
	readonly probabilities?: Towers['probabilities']
	/** [3, height, width] of one prepared picture. */
	readonly inputShape: readonly [number, number, number]
	/** Of a model with refiners: what tells heavily corrected pictures, and which clean images it rests on. */
	readonly corrections?: Corrections & { readonly flags: FlagRates }
	/** Missing where the classes are fixed. */
	readonly openVocabulary?: OpenVocabulary
	/**
	 * On the CPU every row has the same bytes whatever other pictures it is worked on with.
	 * @param pixels [B, 3, H, W], prepared: in [0, 1], or whatever the model's own preparation makes.
	 */
	evaluate(pixels: Tensor<'float32'>): Promise<readonly ServedRow[]>
	/** Frees what it holds. */
	release(): Promise<void>
}
