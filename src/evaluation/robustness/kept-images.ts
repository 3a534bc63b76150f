/** Stores the adversarial images of an evaluation as they arrive. */

import type { AttackProgress } from '../../attacks/run/run-attack.js'
import { at, entry } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import { range, takeRows } from '../../core/rows.js'
import type { Tensor } from '../../core/tensor.js'
import { idsOf, type Split } from '../../data/dataset.js'
import type { EvaluationSettings } from '../../records/evaluation.js'
import type { ClipModel } from '../../vlm/model.js'
import { type AdversarialManifest, openAdversarialImages } from '../stores/adversarial-images.js'
import { cleanImagesManifest } from '../stores/adversarial-manifest.js'
import { preparedImages } from './evaluate.js'

/** Stores the images of an evaluation. */
export interface KeptImages {
	/** Stores the images of all outcomes that are not stored yet: adversarial ones, or clean ones if not attacked. */
	keep(progress: AttackProgress): Promise<void>
	/** Whether an image is stored. */
	has(id: string): boolean
}

/**
 * Opens a new or existing store for the images of one evaluation.
 * @throws NaptuneError if the folder holds other images, or cannot be written.
 */
export async function keepImages(
	folder: string,
	settings: EvaluationSettings,
	clip: ClipModel,
	split: Split,
): Promise<KeptImages> {
	const store = await openAdversarialImages(folder, manifestOf(settings, clip))
	const positions = new Map(idsOf(split).map((id, position) => [id, position]))
	const append = async (positionsNow: readonly number[], images?: Tensor<'float32'>) => {
		if (positionsNow.length === 0) return
		const clean = await preparedImages(clip, split, positionsNow)
		await store.append({
			ids: positionsNow.map((position) => split.id(position)),
			labels: positionsNow.map((position) => split.label(position)),
			clean,
			images: images ?? clean,
		})
	}
	return {
		has: (id) => store.done.has(id),
		async keep({ outcomes, images }) {
			const isNew = (id: string) => positions.has(id) && !store.done.has(id)
			const untouched = outcomes.filter(({ attacked, id }) => !attacked && isNew(id))
			await append(untouched.map(({ id }) => entry(positions, id)))
			if (!images) return
			const attacked = outcomes.filter((outcome) => outcome.attacked)
			const rows = range(0, attacked.length).filter((row) => isNew(at(attacked, row).id))
			await append(
				rows.map((row) => entry(positions, at(attacked, row).id)),
				takeRows(images, rows),
			)
		},
	}
}

function manifestOf(settings: EvaluationSettings, clip: ClipModel): AdversarialManifest {
	const { attack, defense, model, threatModel, seed, dataset, versions } = settings
	const { knowledge, knownModel, testTime, target } = settings
	return {
		format: 1,
		attack: { ...attack, options: { ...attack.options } },
		models: [
			{ name: 'clip', sha256: model.sha256 },
			{ name: defense.name, sha256: defense.parameters },
		],
		evaluation: {
			options: { ...defense.options },
			...defined({ testTime: testTime ? { name: testTime.name, options: { ...testTime.options } } : undefined }),
			knowledge,
			...defined({
				knownModel: knownModel ? { name: knownModel.name, options: { ...knownModel.options } } : undefined,
				target,
			}),
		},
		threatModel,
		seed,
		...cleanImagesManifest(clip, dataset, dataset.split),
		versions,
	}
}
