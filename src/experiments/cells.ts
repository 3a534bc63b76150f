/** The cells of experiments: a model tuned once and attacked in several ways, with the folders that hold it. */

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

/** A checkpoint under the name that the user gave. */
export interface NamedModel {
	readonly name: string
	readonly clip: ClipModel
}

/** What defines a tuning run; without `config`, vanilla CLIP. */
export interface TunedCell {
	/** Its folder, below that of all experiments. */
	readonly folder: string
	readonly model: NamedModel
	readonly dataset: Dataset
	readonly method: string
	readonly seed: number
	/** What distinguishes it from the method's other cells for people, such as `shots 4`. */
	readonly variant?: string
	readonly tuning?: { readonly config: TuningConfig; readonly origin: ConfigurationOrigin }
	/** The fine-tuning whose checkpoint is the model, in place of `model`'s own weights. */
	readonly base?: TunedCell
	/** Vanilla's defense. */
	readonly control?: Defense
}

/** A cell's name for people, such as `nap on dtd, seed 1`. */
export function cellLabel({ dataset, method, variant, seed }: TunedCell): string {
	return [`${method} on ${dataset.name}`, ...(variant === undefined ? [] : [variant]), `seed ${seed}`].join(', ')
}

/** The source of an attacker's models: existing files, or recipes. */
export interface Surrogates {
	/** The user's own `.onnx` files, used instead of training any. */
	readonly files?: readonly string[]
	/** Settings of the trainings, one per model. */
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
	/** Models to make the images on; missing for the attacked model itself. */
	readonly madeOn?: { readonly kind: 'classifiers' | 'substitute'; readonly surrogates: Surrogates }
}

/** What decides where a cell lies: two experiments share a cell exactly if this is equal for both. */
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
