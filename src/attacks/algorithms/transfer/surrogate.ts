/** Models to make images on, for trying on another model. */

import { z } from 'zod'
import type { Classifier } from '../../../classifier/classifier.js'
import type { OnnxModelClassifier } from '../../../classifier/onnx-file/onnx-classifier.js'
import type { ModelInput } from '../../../classifier/onnx-file/onnx-input.js'
import { defined } from '../../../core/defined.js'
import { NaptuneError } from '../../../core/errors.js'
import { isRecord } from '../../../core/guards.js'

/** A classifier that the attacker has, with the fields that identify it in records. */
export interface Surrogate {
	readonly name: string
	/** SHA-256 of its file. */
	readonly sha256: string
	/** Whatever else determines its gradients, if its file does not. */
	readonly reads?: SurrogateReading
	readonly classifier: Classifier
}

/** How a surrogate takes pixels, and what its logits are; JSON. Whether that was declared or guessed makes no difference. */
export interface SurrogateReading {
	readonly input: Omit<ModelInput, 'guessed'>
	readonly output: OnnxModelClassifier['output']
}

function isSurrogate(value: unknown): value is Surrogate {
	if (!isRecord(value) || !isRecord(value.classifier)) return false
	return typeof value.name === 'string' && typeof value.classifier.gradient === 'function'
}

/** The option `surrogates`; empty by default, so that an attack can be listed before its surrogates exist. */
export const surrogatesOption = z
	.array(z.custom<Surrogate>(isSurrogate, 'expected a surrogate: { name, sha256, classifier }'))
	.default([])

/** Settings for records, with surrogates reduced to what identifies them. */
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
 * @throws NaptuneError if there are none, their images have another size, or their classes differ.
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
			`Attack ${attack} makes images on surrogates, and none were given. Pass classifiers as its option surrogates, or make the images with naptune generate --surrogate model.onnx.`,
		)
	}
	for (const { name, classifier } of surrogates) {
		if (classifier.inputShape.join() !== inputShape.join()) {
			throw new NaptuneError(
				'NAP_INPUT_UNSUITABLE',
				`Surrogate ${name} takes images [${classifier.inputShape.join(', ')}]; the images to attack are [${inputShape.join(', ')}]. Wrap it to resize them, as naptune generate does.`,
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
			`Surrogate ${name} has ${own.length} classes, the data ${data.length}; they must match. Use a surrogate that was trained on this data.`,
		)
	}
	const at = own.findIndex((className, index) => className !== data[index])
	if (at < 0) return
	const ordered = own.every((className) => data.includes(className)) ? ' The same classes in another order:' : ''
	throw new NaptuneError(
		'NAP_INPUT_UNSUITABLE',
		`The classes of surrogate ${name} differ from those of the data.${ordered} its class ${at} is ${own[at]}, the data's is ${data[at]}. Labels would mean something else to it; use a surrogate that was trained on this data.`,
	)
}
