/** Builds the answer of GET /v1/model. */

import { defined } from '../core/defined.js'
import type { ModelAnswer, RequestLimits } from './api-schemas.js'
import { correctionMeaning } from './meaning.js'
import type { ServedModel } from './served-model.js'

/** Describes a model and the server's limits. */
export function modelAnswer(
	model: ServedModel,
	{ limits, queue, version }: { readonly limits: RequestLimits; readonly queue: number; readonly version: string },
): ModelAnswer {
	const { about, classNames, inputShape, corrections, openVocabulary } = model
	const [, height, width] = inputShape
	const flags = corrections?.flags
	return {
		...about,
		classNames: [...classNames],
		imageSize: { height, width },
		openVocabulary: openVocabulary !== undefined,
		...defined({
			correction: flags && {
				falsePositiveRate: flags.heavilyCorrected.target,
				threshold: flags.heavilyCorrected.threshold,
				images: flags.images,
				split: flags.split,
				meaning: correctionMeaning(flags),
			},
		}),
		limits: { ...limits, queue },
		version,
	}
}
