/** Names of evaluations and of their files. */

import { isDeepStrictEqual } from 'node:util'
import { prepareAttack } from '../../attacks/registry.js'
import { sizeText } from '../../attacks/sets/size-text.js'
import { zeroShotTemplates } from '../../data/templates.js'
import { chooseTestTimeDefense } from '../../defenses/test-time/registry.js'
import { sha256OfBytes } from '../../files/sha256.js'
import { usualKnowledge } from '../deployed/knowledge.js'
import type { RecordedEvaluationInput } from './recorded-evaluation.js'

/** What tells evaluations apart. */
type Named = Pick<
	RecordedEvaluationInput,
	'defense' | 'attack' | 'target' | 'threatModel' | 'testTime' | 'knowledge' | 'splitName' | 'split' | 'seed'
>

/** A file name that differs where the numbers may. */
export function recordName(input: Named): string {
	const { attack, target, threatModel, splitName, split, seed } = input
	const usually = usualKnowledge(attack)
	const { knowledge = usually } = input
	const epsilon = sizeText(threatModel).replace('/', '-')
	const usual = isDeepStrictEqual(attack.options, prepareAttack(attack.name).options)
	const how = `${attack.name}${usual ? '' : hash(attack.options)}${aim(target)}${knowledge === usually ? '' : `-${knowledge}`}`
	return `${modelFileName(input)}-${how}-${threatModel.norm}-${epsilon}-${splitName}-${split.length}-seed${seed}.json`
}

/** A folder name that differs where a store would not know that its images are others; of attack, norm, seed and data it does. */
export function storeName(input: Named): string {
	const { attack, target, knowledge = usualKnowledge(attack) } = input
	return `${modelFileName(input)}-${attack.name}${aim(target)}-${knowledge}`
}

function modelFileName(input: Named): string {
	const { defense, testTime } = input
	const usualTestTime = !testTime || isDeepStrictEqual(testTime.options, chooseTestTimeDefense(testTime.name).options)
	const prompts = hasOwnTemplates(defense) ? hash(defense.config) : ''
	return `${modelName(input).replaceAll(' ', '')}${prompts}${usualTestTime ? '' : hash(testTime.options)}`
}

function aim(target: number | undefined): string {
	return target === undefined ? '' : `-to${target}`
}

function hash(options: unknown): string {
	return `-${sha256OfBytes(JSON.stringify(options)).slice(0, 8)}`
}

/** Whether vanilla was given other prompts than the one template of a data set. */
function hasOwnTemplates({ name, config }: RecordedEvaluationInput['defense']): boolean {
	const usual = Object.values(zeroShotTemplates).map((template) => [template])
	return name === 'vanilla' && !usual.some((templates) => isDeepStrictEqual(config.templates, templates))
}

/** A defense by its name, with what is around it: `nap + ttc`. */
export function modelName(model: {
	readonly defense: { readonly name: string }
	readonly testTime?: { readonly name: string } | undefined
}): string {
	return model.testTime ? `${model.defense.name} + ${model.testTime.name}` : model.defense.name
}
