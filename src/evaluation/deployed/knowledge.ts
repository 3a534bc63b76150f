/** What an attacker knows of a model, and which model supplies the gradients accordingly. */

import type { PreparedAttack } from '../../attacks/attack-definition.js'
import type { Classifier } from '../../classifier/classifier.js'
import { decorate } from '../../classifier/decorate.js'
import { NaptuneError } from '../../core/errors.js'
import type { Dataset } from '../../data/dataset.js'
import type { Defense } from '../../defenses/defense.js'
import type { Knowledge } from '../../records/parts/attack.js'
import type { Engine } from '../../runtime/engine.js'
import { controlDefense } from './control.js'
import { type DeployedModel, deployedClassifier } from './deployed-classifier.js'

export { type Knowledge, knowledgeLevels, knowledgeNames } from '../../records/parts/attack.js'

/** The knowledge that an attack uses if nothing limits it. */
export function usualKnowledge({ reads }: Pick<PreparedAttack, 'reads'>): Knowledge {
	return reads.model === 'query' ? 'query' : reads.model === 'nothing' ? 'transfer' : 'full'
}

/** A model that stands in for the attacked one while images are made. */
export interface KnownModel {
	/** For records. */
	readonly defense: Defense
	open(engine: Engine): Promise<Classifier>
}

/** The result of {@link knownModel}, so that it need not be found again. */
export interface FoundKnown {
	/** Undefined if gradients come from the attacked model itself, or from no model here. */
	readonly model: KnownModel | undefined
}

/** What {@link knownModel} depends on. */
export interface KnowledgeSetting {
	readonly model: DeployedModel
	readonly dataset: Pick<Dataset, 'name' | 'classNames'>
	readonly attack: Pick<PreparedAttack, 'name' | 'reads'>
	readonly knowledge: Knowledge
	/** Name of the test-time defense around the model. */
	readonly testTime?: string | undefined
}

/**
 * The model that supplies the attacker's gradients; undefined if that is the attacked model itself, or the attack uses no
 * gradients of a model here. `transfer` uses the same model without its test-time defense if it has one, otherwise vanilla
 * CLIP.
 * @throws NaptuneError if attack and knowledge do not match, or the model has nothing to hide at this level.
 */
export function knownModel(setting: KnowledgeSetting): KnownModel | undefined {
	const { model, dataset, attack, knowledge, testTime } = setting
	const { clip, defense, parameters } = model
	requireAccess(setting)
	if (knowledge === 'full' || knowledge === 'query' || attack.reads.model === 'nothing') return undefined
	if (knowledge === 'prompt-aware') {
		if (testTime !== undefined) throw notWith(knowledge, testTime)
		const view = defense.views.find(({ name }) => name === knowledge)
		if (!view) {
			throw new NaptuneError(
				'NAP_ATTACK_UNSUITABLE',
				`${defense.name} hides nothing from an attacker who is ${knowledge}; evaluate with full knowledge.`,
			)
		}
		const known = view.defense()
		return { defense: known, open: (engine) => deployedClassifier(engine, clip, known, partOf(parameters, known)) }
	}
	const control = controlDefense(clip, dataset)
	const vanilla = (engine: Engine) => deployedClassifier(engine, clip, control, {})
	if (knowledge === 'encoder-only') {
		if (testTime !== undefined) throw notWith(knowledge, testTime)
		return { defense: control, open: async (engine) => encoderOf(await vanilla(engine)) }
	}
	if (testTime !== undefined) {
		return { defense, open: (engine) => deployedClassifier(engine, clip, defense, parameters) }
	}
	if (defense.parameters.size === 0) {
		throw new NaptuneError(
			'NAP_ATTACK_UNSUITABLE',
			'A transfer to vanilla CLIP from vanilla CLIP is an attack with full knowledge; give surrogates (attack cwa or ags), or evaluate with full knowledge.',
		)
	}
	return { defense: control, open: vanilla }
}

function requireAccess({ attack, knowledge }: KnowledgeSetting): void {
	const needed = usualKnowledge(attack)
	const fits = needed === 'full' ? knowledge !== 'query' : knowledge === needed
	if (fits) return
	const hint =
		needed === 'full'
			? 'choose an attack by queries, such as square'
			: `its attacker's knowledge is ${needed}, so use that`
	throw new NaptuneError(
		'NAP_ATTACK_UNSUITABLE',
		`Attack ${attack.name} does not fit the knowledge ${knowledge}; ${hint}.`,
	)
}

function notWith(knowledge: Knowledge, testTime: string): NaptuneError {
	return new NaptuneError(
		'NAP_ATTACK_UNSUITABLE',
		`The knowledge ${knowledge} is not defined for a model with the test-time defense ${testTime}; choose full, transfer or query.`,
	)
}

function partOf(parameters: DeployedModel['parameters'], { parameters: own }: Defense): DeployedModel['parameters'] {
	return Object.fromEntries(Object.entries(parameters).filter(([name]) => own.has(name)))
}

/** A classifier that exposes only image features, so that no attack learns more by mistake. */
export function encoderOf(classifier: Classifier): Classifier {
	const allowed = (taps: readonly string[]) => {
		if (taps.every((tap) => tap === 'imageFeatures')) return
		throw new NaptuneError(
			'NAP_ATTACK_UNSUITABLE',
			'An attacker who knows only the image encoder has no classes and no logits. Choose an attack on image features: feature-pgd.',
		)
	}
	return decorate(classifier, {
		taps: ['imageFeatures'],
		async evaluate(inner, images, taps) {
			allowed(taps)
			return inner.evaluate(images, taps)
		},
		async gradient(inner, images, objective, side) {
			allowed(objective.taps)
			return inner.gradient(images, objective, side)
		},
	})
}
