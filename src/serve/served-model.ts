/** The server's view of a model from a run or an export. */

import type { Tensor } from '../core/tensor.js'
import type { Corrections, RowValues } from '../evaluation/deployed/classify.js'
import type { FlagRates } from '../evaluation/detection/assessment.js'
import type { DecodedImage } from '../images/decoded-image.js'
import type { ImageView } from '../images/view.js'
import type { Towers } from '../vlm/towers.js'

/** The public description of a model. Holds no path of the machine. */
export interface ModelDescription {
	/** Source of the model. */
	readonly kind: 'run' | 'export'
	/** Method, such as `nap`. */
	readonly method: string
	/** SHA-256 of the base weights, or of the exported files. */
	readonly weights: string
	/** Fingerprint of the tuned parameters. */
	readonly parameters?: string
}

/** The model's outputs for one picture. */
export interface ServedRow extends RowValues {
	/** Image features, not normalised, from a model with open vocabularies. */
	readonly features?: Float32Array
}

/** A list of classes from a request. */
export interface Vocabulary {
	readonly classNames: readonly string[]
	/** Logits of each picture. @param features As {@link ServedRow.features}. */
	logits(features: readonly Float32Array[]): Promise<readonly Float32Array[]>
}

/** A vocabulary in use; unused ones may be evicted from memory. */
export interface VocabularyLease {
	readonly vocabulary: Vocabulary
	/** Ends the use. May be called twice. */
	end(): void
}

/** Classes from requests. */
export interface OpenVocabulary {
	/**
	 * Computes or reuses the text features of these classes; keeps those of the latest lists.
	 * @throws NaptuneError for names that the model cannot distinguish or that have too many tokens, and with
	 * `NAP_SERVER_BUSY` if too many new lists are being computed.
	 */
	lease(classNames: readonly string[]): Promise<VocabularyLease>
}

/** A model behind a server. */
export interface ServedModel {
	readonly about: ModelDescription
	/** Class names in logit order. */
	readonly classNames: readonly string[]
	/** What becomes of a picture before the model reads it; or the model does that itself, and takes it as it was decoded. */
	readonly preparation: ImageView | ((picture: DecodedImage) => Promise<Float32Array>)
	/** Probabilities of all classes together, or of each by itself; of all together where it is left out. */
	readonly probabilities?: Towers['probabilities']
	/** [3, height, width] of one prepared picture. */
	readonly inputShape: readonly [number, number, number]
	/** For a model with refiners: how to detect heavily corrected pictures, and the clean images behind that. */
	readonly corrections?: Corrections & { readonly flags: FlagRates }
	/** Missing if the classes are fixed. */
	readonly openVocabulary?: OpenVocabulary
	/**
	 * On the CPU every row has the same bytes whatever other pictures it is worked on with.
	 * @param pixels [B, 3, H, W], prepared: in [0, 1], or whatever the model's own preparation makes.
	 */
	evaluate(pixels: Tensor<'float32'>): Promise<readonly ServedRow[]>
	/** Frees its resources. */
	release(): Promise<void>
}
