/** Distances of single images, gathered into means over images. */

import { type Estimate, meanInterval } from '../../statistics/mean-interval.js'
import { type Accuracy, accuracyOf } from '../robustness/evaluate.js'
import { type Distance, tokenDistance } from './token-distance.js'
import { createTokenSpread, type TokenSpread } from './token-spread.js'
import type { TokenPlace } from './token-taps.js'

/**
 * Means over images of the fields of {@link Distance}, and what they are to be compared with: a small relative distance
 * may come from a large part of the tokens that is the same for all images and says nothing about any.
 */
export type DistanceEstimate = { readonly [Field in keyof Distance]: Estimate } & {
	/** How much clean tokens differ between images, as {@link TokenSpread} gives it. */
	readonly spread: number
	/** `absolute` over `spread`, which counts as exact in the interval; null where all images have the same tokens. */
	readonly overSpread: Estimate | null
}

/** Distances at one place. */
export interface PlaceDistortion {
	/** Of class token and patches together; prompts are left out. */
	readonly tokens: DistanceEstimate
	/** Of the class token alone. */
	readonly classToken: DistanceEstimate
}

/** Distances before and after what is changed before one block. */
export interface LayerDistortion {
	/** The block that the tokens enter, counted from 0; the number of blocks for what leaves the last one. */
	readonly layer: number
	readonly refined: boolean
	/** Equation 9: the tokens h(x + δ) against h(x) as the block before gave them. */
	readonly before: PlaceDistortion
	/** Equation 10: the same of the refined tokens R(h); equal to `before` where nothing is refined. */
	readonly after: PlaceDistortion
	/** Relative distance after minus before, image by image: below 0 where the change lessens distortion. */
	readonly change: { readonly tokens: Estimate; readonly classToken: Estimate }
}

/** What one model shows under one perturbation. */
export interface DistortionSummary {
	/** Share of images that the model gets right when clean. */
	readonly clean: Accuracy
	/** Share that it gets right when perturbed, whatever it says when clean. */
	readonly perturbed: Accuracy
	/** What enters each block, and last what leaves the last block. */
	readonly layers: readonly LayerDistortion[]
	/** Of the image features, not normalised, as one token. */
	readonly features: DistanceEstimate
}

/** Tokens [N, width] of one image by tap. */
export type TokensOf = (tap: string) => Float32Array

/** Gathers images. */
export interface DistortionSamples {
	/** Adds an image's tokens. */
	addTokens(clean: TokensOf, perturbed: TokensOf): void
	/** Adds an image's features and whether it is predicted right. */
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
 * @param width Of the tokens.
 * @param spreads Hold all clean images by the time of the summary.
 */
export function createDistortionSamples(
	places: readonly TokenPlace[],
	width: number,
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
				classToken.push(tokenDistance(a.subarray(0, width), b.subarray(0, width), width))
			}
		},
		addFeatures(clean, perturbed) {
			featureWidth = clean.features.length
			features.push(tokenDistance(clean.features, perturbed.features, featureWidth))
			right = { clean: right.clean + Number(clean.right), perturbed: right.perturbed + Number(perturbed.right) }
		},
		summary() {
			const place = (tap: string): PlaceDistortion => {
				const { tokens, classToken } = taps.get(tap)!
				const spread = spreads.tokens.get(tap)!
				return {
					tokens: estimates(tokens, spread.of(width)),
					classToken: estimates(classToken, spread.of(width, 0, width)),
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
						tokens: change(taps.get(before)!.tokens, taps.get(after)!.tokens),
						classToken: change(taps.get(before)!.classToken, taps.get(after)!.classToken),
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
	return meanInterval(after.map(({ relative }, image) => relative - before[image]!.relative))
}
