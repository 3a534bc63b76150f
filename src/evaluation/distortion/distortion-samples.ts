/** Collects distances of single images into means over images. */

import { at, entry } from '../../core/at.js'
import type { DistanceEstimate, DistortionSummary, PlaceDistortion } from '../../records/distortion.js'
import { type Estimate, meanInterval } from '../../statistics/mean-interval.js'
import { accuracyOf } from '../robustness/evaluate.js'
import { type Distance, tokenDistance } from './token-distance.js'
import { createTokenSpread, type TokenSpread } from './token-spread.js'
import type { TokenPlace } from './token-taps.js'

export type {
	DistanceEstimate,
	DistortionSummary,
	LayerDistortion,
	PlaceDistortion,
} from '../../records/distortion.js'

/** Tokens [N, width] of one image by tap. */
export type TokensOf = (tap: string) => Float32Array

/** Collects images. */
export interface DistortionSamples {
	/** Adds an image's tokens. */
	addTokens(clean: TokensOf, perturbed: TokensOf): void
	/** Adds an image's features and whether its prediction is right. */
	addFeatures(
		clean: { readonly features: Float32Array; readonly right: boolean },
		perturbed: { readonly features: Float32Array; readonly right: boolean },
	): void
	/** @throws NaptuneError for fewer than two images, or distances that are not finite. */
	summary(): DistortionSummary
}

type Series = readonly Distance[]

/** Spreads of the clean tokens of one model by tap, and of its image features: the same under any perturbation. */
export interface CleanSpreads {
	readonly tokens: ReadonlyMap<string, TokenSpread>
	readonly features: TokenSpread
}

/** Empty spreads of a tower with these taps. */
export function createCleanSpreads(taps: readonly string[]): CleanSpreads {
	return { tokens: new Map(taps.map((tap) => [tap, createTokenSpread()])), features: createTokenSpread() }
}

/**
 * Empty samples.
 * @param width Of the tokens. @param hasClassToken Whether the first token is a class token, which is measured by itself, too.
 * @param spreads Hold all clean images by the time of the summary.
 */
export function createDistortionSamples(
	places: readonly TokenPlace[],
	width: number,
	hasClassToken: boolean,
	spreads: CleanSpreads,
): DistortionSamples {
	const taps = new Map(
		places.flatMap(({ before, after }) =>
			[before, after].map((tap) => [tap, { tokens: [] as Distance[], classToken: [] as Distance[] }] as const),
		),
	)
	const features: Distance[] = []
	let right = { clean: 0, perturbed: 0 }
	let featureWidth = 0
	return {
		addTokens(clean, perturbed) {
			for (const [tap, { tokens, classToken }] of taps) {
				const [a, b] = [clean(tap), perturbed(tap)]
				tokens.push(tokenDistance(a, b, width))
				if (hasClassToken) classToken.push(tokenDistance(a.subarray(0, width), b.subarray(0, width), width))
			}
		},
		addFeatures(clean, perturbed) {
			featureWidth = clean.features.length
			features.push(tokenDistance(clean.features, perturbed.features, featureWidth))
			right = { clean: right.clean + Number(clean.right), perturbed: right.perturbed + Number(perturbed.right) }
		},
		summary() {
			const place = (tap: string): PlaceDistortion => {
				const { tokens, classToken } = entry(taps, tap)
				const spread = entry(spreads.tokens, tap)
				return {
					tokens: estimates(tokens, spread.of(width)),
					...(hasClassToken ? { classToken: estimates(classToken, spread.of(width, 0, width)) } : {}),
				}
			}
			return {
				clean: accuracyOf(right.clean, features.length),
				perturbed: accuracyOf(right.perturbed, features.length),
				layers: places.map(({ layer, refined, before, after }) => ({
					layer,
					refined,
					before: place(before),
					after: place(after),
					change: {
						tokens: change(entry(taps, before).tokens, entry(taps, after).tokens),
						...(hasClassToken
							? { classToken: change(entry(taps, before).classToken, entry(taps, after).classToken) }
							: {}),
					},
				})),
				features: estimates(features, spreads.features.of(featureWidth)),
			}
		},
	}
}

function estimates(series: Series, spread: number): DistanceEstimate {
	const of = (field: keyof Distance) => meanInterval(series.map((one) => one[field]))
	return {
		absolute: of('absolute'),
		relative: of('relative'),
		cosine: of('cosine'),
		norm: of('norm'),
		spread,
		overSpread: spread === 0 ? null : meanInterval(series.map(({ absolute }) => absolute / spread)),
	}
}

function change(before: Series, after: Series): Estimate {
	return meanInterval(after.map(({ relative }, image) => relative - at(before, image).relative))
}
