/** Names of evaluations and of their files. */

import { isDeepStrictEqual } from 'node:util'
import { prepareAttack } from '../../attacks/registry.js'
import { zeroShotTemplates } from '../../data/templates.js'
import { chooseTestTimeDefense } from '../../defenses/test-time/registry.js'
import { modelName, recordFile, withOptions } from '../../records/names.js'
import { usualKnowledge } from '../deployed/knowledge.js'
import type { RecordedEvaluationInput } from './recorded-evaluation.js'

export { modelName } from '../../records/names.js'

/** What distinguishes evaluations. */
type Named = Pick<
	RecordedEvaluationInput,
	'defense' | 'attack' | 'target' | 'threatModel' | 'testTime' | 'knowledge' | 'splitName' | 'split' | 'seed'
>

/** A file name that differs whenever the numbers may. */
export function recordName(input: Named): string {
	const { attack, target, threatModel, splitName, split, seed } = input
	const usually = usualKnowledge(attack)
	const { knowledge = usually } = input
	const own = isDeepStrictEqual(attack.options, prepareAttack(attack.name).options) ? undefined : attack.options
	const how = `${withOptions(attack.name, own)}${aim(target)}${knowledge === usually ? '' : `-${knowledge}`}`
	const subject = `${modelFileName(input)}-${how}`
	return recordFile({ subject, threatModel, split: splitName, images: split.length, seed })
}

/**
 * A folder name that differs whenever images differ in a way that the store itself would not notice; it notices attack,
 * norm, seed and data.
 */
export function storeName(input: Named): string {
	const { attack, target, knowledge = usualKnowledge(attack) } = input
	return `${modelFileName(input)}-${attack.name}${aim(target)}-${knowledge}`
}

function modelFileName(input: Named): string {
	const { defense, testTime } = input
	const usual = testTime && isDeepStrictEqual(testTime.options, chooseTestTimeDefense(testTime.name).options)
	const name = modelName(input).replaceAll(' ', '')
	const prompted = withOptions(name, hasOwnTemplates(defense) ? defense.config : undefined)
	return withOptions(prompted, usual ? undefined : testTime?.options)
}

function aim(target: number | undefined): string {
	return target === undefined ? '' : `-to${target}`
}

/** Whether vanilla was given prompts other than the one template of a data set. */
function hasOwnTemplates({ name, config }: RecordedEvaluationInput['defense']): boolean {
	const usual = Object.values(zeroShotTemplates).map((template) => [template])
	return name === 'vanilla' && !usual.some((templates) => isDeepStrictEqual(config.templates, templates))
}
