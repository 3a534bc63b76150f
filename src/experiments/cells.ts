/** The cells of experiments: what is tuned once and attacked in several ways, with the folders that hold it. */

import type { ThreatModel } from '../attacks/sets/threat-model.js'
import type { Dataset, Split } from '../data/dataset.js'
import type { Defense } from '../defenses/defense.js'
import type { TuningConfig } from '../methods/tuning/configuration.js'
import type { ConfigurationOrigin } from '../methods/tuning/presets.js'
import { shortFingerprint as shortHash } from '../records/fingerprint.js'
import { modelTitle, slug } from '../records/names.js'
import { withoutPlace } from '../records/parts/data-origin.js'
import type { ClipModel } from '../vlm/model.js'

export { modelTitle, shortHash, slug }

/** A checkpoint under the name it was asked for by. */
export interface NamedModel {
	readonly name: string
	readonly clip: ClipModel
}

/** What a tuning run is made of; without `config`, vanilla CLIP. */
export interface TunedCell {
	/** Folder below that of all experiments. */
	readonly folder: string
	readonly model: NamedModel
	readonly dataset: Dataset
	readonly method: string
	readonly seed: number
	/** What tells it from others of the method for a person, such as `shots 4`. */
	readonly variant?: string
	readonly tuning?: { readonly config: TuningConfig; readonly origin: ConfigurationOrigin }
	/** The fine-tuning whose checkpoint is the model, in place of `model`'s own weights. */
	readonly base?: TunedCell
	/** Vanilla's defense. */
	readonly control?: Defense
}

/** What a person calls a cell, such as `nap on dtd, seed 1`. */
export function cellLabel({ dataset, method, variant, seed }: TunedCell): string {
	return [`${method} on ${dataset.name}`, ...(variant === undefined ? [] : [variant]), `seed ${seed}`].join(', ')
}

/** How an attacker's models come to be: files that are there, or recipes. */
export interface Surrogates {
	/** `.onnx` files of one's own, which are taken instead of training any. */
	readonly files?: readonly string[]
	/** Settings of a training, one for each model. */
	readonly recipes: readonly Readonly<Record<string, unknown>>[]
}

/** An attack on one tuned cell. */
export interface AttackCell {
	readonly condition: string
	readonly attack: string
	readonly options: Readonly<Record<string, unknown>>
	readonly threatModel: ThreatModel
	/** Images of the test split. */
	readonly split: Split
	/** Positions in it that a shard attacks, ascending; all where missing. The record is of the whole split anyway. */
	readonly only?: readonly number[]
	/** SHA-256 of their ids. */
	readonly idsHash: string
	readonly evaluationSeed: number
	/** Models that the images are made on; missing for the attacked model itself. */
	readonly madeOn?: { readonly kind: 'classifiers' | 'substitute'; readonly surrogates: Surrogates }
}

/** What decides where a cell lies: two experiments share a cell exactly when this is the same for both. */
export function cellFolder(
	{ model, dataset, method }: Pick<TunedCell, 'model' | 'dataset' | 'method'>,
	decides: unknown,
): string {
	const { clip } = model
	const content = {
		weights: clip.checkpoint.sha256,
		data: withoutPlace(dataset.origin),
		classes: dataset.classNames,
		decides,
	}
	return `cells/${slug(modelTitle(model.name))}/${slug(dataset.name)}/${slug(method)}-${shortHash(content)}`
}
