/** Attacks and models of image-text retrieval, which treat a caption as a class name. */

import type { PreparedAttack } from '../../attacks/attack-definition.js'
import { prepareAttack } from '../../attacks/registry.js'
import { contrastiveObjective, contrastiveSide } from '../../classifier/objectives/contrastive-objective.js'
import { NaptuneError } from '../../core/errors.js'
import type { Gallery } from '../../data/captions/gallery.js'
import type { Defense } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import type { ClipModel } from '../../vlm/model.js'

/**
 * A defense over captions. Learned contexts precede the caption; a method's own templates are replaced by the caption alone.
 * @throws NaptuneError as `prepareDefense`, and if a caption with its context is longer than the model reads.
 */
export function captionDefense(
	name: string,
	clip: ClipModel,
	captions: readonly string[],
	options: Readonly<Record<string, unknown>> = {},
): Defense {
	const { templates: _, template, ...others } = options
	if (name === 'vanilla') return prepareDefense(name, clip, captions, { ...others, templates: ['{}'] })
	return prepareDefense(name, clip, captions, template === undefined ? others : { ...others, template: '{}' })
}

/** Explains why a method cannot read a caption, for `loadCaptions`; undefined if it can. */
export function captionProblem(
	name: string,
	clip: ClipModel,
	options: Readonly<Record<string, unknown>> = {},
): (caption: string) => string | undefined {
	return (caption) => {
		try {
			captionDefense(name, clip, [caption, caption], options)
			return undefined
		} catch (error) {
			if (!(error instanceof NaptuneError)) throw error
			return `${name} cannot read the caption ${JSON.stringify(caption)}. ${error.message}`
		}
	}
}

/**
 * An attack that maximises the contrastive loss of every image with its own captions.
 * @throws NaptuneError for wrong options, an attack that accepts no objective, and options that choose among images by
 * predicted class: in retrieval several captions are right.
 */
export function retrievalAttack(
	name: string,
	overrides: Readonly<Record<string, unknown>>,
	{ images, captions, own }: Pick<Gallery, 'images' | 'captions' | 'own'>,
): PreparedAttack {
	const { objective, targeted, reads } = prepareAttack(name, overrides)
	if (objective === undefined || targeted || reads.predictions) {
		throw new NaptuneError(
			'NAP_ATTACK_UNSUITABLE',
			'Retrieval needs an untargeted PGD with 1 restart that keeps its last image (such as pgd-20 or pgd-100): other attacks follow predicted classes, and an image has several right captions.',
		)
	}
	const ownById = new Map(own.map((positions, index) => [images.id(index), positions]))
	return prepareAttack(name, {
		...overrides,
		objective: contrastiveObjective(captions.length),
		sideInputs: contrastiveSide(captions.length, (id) => ownById.get(id) ?? []),
	})
}
