/** Logits of a defense, whether or not its texts depend on the image. */

import { NaptuneError } from '../core/errors.js'
import type { Value } from '../onnx/value.js'
import type { ClipModel } from '../vlm/model.js'
import { classLogits } from '../vlm/towers.js'
import type { Defense, ParameterLookup } from './defense.js'

/**
 * Logits [B, C].
 * @param features [B, E] of the images, not normalised.
 * @param textFeatures [C, E], unit length; a defense whose texts depend on the image does not read them.
 */
export function defenseLogits(
	clip: ClipModel,
	defense: Pick<Defense, 'textFeaturesOfImages'>,
	features: Value,
	textFeatures: () => Value,
	parameters: ParameterLookup,
): Value {
	const own = defense.textFeaturesOfImages?.(features, parameters)
	return classLogits(clip, features, own ?? textFeatures())
}

/** Why a defense whose texts depend on the image does not suit what moves text prompts; undefined for any other. */
export function textsOfImages({
	name,
	textFeaturesOfImages,
}: Pick<Defense, 'name' | 'textFeaturesOfImages'>): string | undefined {
	return textFeaturesOfImages
		? `The texts of ${name} depend on the image, and this test-time defense moves texts that do not. Use it with another method.`
		: undefined
}

/**
 * Checks that texts have features of their own.
 * @param what Why they must, as in "{what} compares …".
 * @throws NaptuneError for a defense whose texts depend on the image.
 */
export function requireOwnTexts(
	{ name, textFeaturesOfImages }: Pick<Defense, 'name' | 'textFeaturesOfImages'>,
	what: string,
): void {
	if (!textFeaturesOfImages) return
	throw new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		`${what} compares images with texts that have features of their own, but the texts of ${name} depend on the image. Use its classifier, or another method.`,
	)
}
