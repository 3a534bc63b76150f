/** Models on which images are made that are then tried on another one. */

import { z } from 'zod'
import type { Classifier } from '../../../classifier/classifier.js'
import type { OnnxModelClassifier } from '../../../classifier/onnx-file/onnx-classifier.js'
import type { ModelInput } from '../../../classifier/onnx-file/onnx-input.js'
import { defined } from '../../../core/defined.js'
import { NaptuneError } from '../../../core/errors.js'
import { isRecord } from '../../../core/guards.js'

/** A classifier that the attacker has, with what names it in records. */
export interface Surrogate {
	readonly name: string
	/** SHA-256 of its file. */
	readonly sha256: string
	/** What else decides its gradients, where its file does not. */
	readonly reads?: SurrogateReading
	readonly classifier: Classifier
}

/** How pixels are given to a surrogate, and what its logits are; JSON. Whether it was declared or guessed decides nothing. */
export interface SurrogateReading {
	readonly input: Omit<ModelInput, 'guessed'>
	readonly output: OnnxModelClassifier['output']
}

function isSurrogate(value: unknown): value is Surrogate {
	if (!isRecord(value) || !isRecord(value.classifier)) return false
	return typeof value.name === 'string' && typeof value.classifier.gradient === 'function'
}

/** The option `surrogates`; none by default, so that an attack can be listed before its surrogates are there. */
export const surrogatesOption = z
	.array(z.custom<Surrogate>(isSurrogate, 'expected a surrogate: { name, sha256, classifier }'))
	.default([])

/** Settings as records hold them: surrogates by what names them. */
export function recordedWithSurrogates<Settings extends { readonly surrogates: readonly Surrogate[] }>(
	settings: Settings,
): Readonly<Record<string, unknown>> {
	return {
		...settings,
		surrogates: settings.surrogates.map(({ name, sha256, reads }) => ({ name, sha256, ...defined({ reads }) })),
	}
}

/**
 * Checks surrogates against the classifier that the images are for.
 * @param labelled Whether the attack uses labels: classes must then be the same, in the same order.
 * @throws NaptuneError when there are none, their images have another size, or their classes differ.
 */
export function requireSurrogates(
	attack: string,
	surrogates: readonly Surrogate[],
	{ classNames, inputShape }: Pick<Classifier, 'classNames' | 'inputShape'>,
	labelled: boolean,
): void {
	if (surrogates.length === 0) {
		throw new NaptuneError(
			'NAP_OPTION_MISSING',
			`Attack ${attack} makes images on surrogates, and none were given. Give classifiers as its option surrogates, or make the images with naptune generate --surrogate model.onnx.`,
		)
	}
	for (const { name, classifier } of surrogates) {
		if (classifier.inputShape.join() !== inputShape.join()) {
			throw new NaptuneError(
				'NAP_INPUT_UNSUITABLE',
				`Surrogate ${name} reads images [${classifier.inputShape.join(', ')}], the images to attack are [${inputShape.join(', ')}]. Wrap it so that it resizes them, as naptune generate does.`,
			)
		}
		if (labelled) requireSameClasses(name, classifier.classNames, classNames)
	}
}

/** @throws NaptuneError unless two lists of classes are the same, in the same order. */
export function requireSameClasses(name: string, own: readonly string[], data: readonly string[]): void {
	if (own.length !== data.length) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`Surrogate ${name} has ${own.length} classes, the data ${data.length}; both must have the same ones. Use a surrogate that was trained on this data.`,
		)
	}
	const at = own.findIndex((className, index) => className !== data[index])
	if (at < 0) return
	const ordered = own.every((className) => data.includes(className)) ? ' The same classes in another order:' : ''
	throw new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		`Surrogate ${name} has other classes than the data.${ordered} its class ${at} is ${own[at]}, that of the data ${data[at]}. Labels would mean something else to it; use a surrogate that was trained on this data.`,
	)
}
