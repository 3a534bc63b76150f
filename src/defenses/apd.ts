/**
 * APD: adversarial prompt distillation. A student with deep prompts in both towers learns to say of attacked images what a teacher
 * with prompts of its own says of clean ones. After the abstract of the paper: its code is not public, so no value of it is compared with any.
 */

import { advptVli } from './advpt-vli.js'
import { type BothTowersConfig, bothTowersSchema } from './both-towers.js'
import type { Parameter } from './defense.js'
import { defineDefense } from './define-defense.js'

/** Prefix of the teacher's parameters. */
const prefix = 'teacher.'

/** APD (Luo et al., 2024), after its abstract. */
export const apd = defineDefense({
	name: 'apd',
	doc: 'Learns deep prompts in both towers on attacked images, taught by prompts that are tuned on clean ones; after the abstract of its paper, whose code is not public.',
	source: 'Luo et al. 2024 (APD), abstract of arXiv 2411.15244; no reference values',
	schema: bothTowersSchema,
	tuning: { loss: 'apd', alpha: { kind: 'constant', alpha: 1 }, attack: { start: 'uniform' } },
	build(clip, classNames, options: BothTowersConfig) {
		const { views: _, name: __, ...student } = advptVli.prepare(clip, classNames, options)
		const taught = [...student.parameters].map(([name, parameter]): [string, Parameter] => [
			`${prefix}${name}`,
			{ ...parameter, stream: `${prefix}${name}` },
		])
		return {
			...student,
			parameters: new Map([...student.parameters, ...taught]),
			teacher: {
				textFeatures: (ids, ends, parameters) =>
					student.textFeatures(ids, ends, (name) => parameters(`${prefix}${name}`)),
				imageFeatures: (pixels, parameters, how) =>
					student.imageFeatures(pixels, (name) => parameters(`${prefix}${name}`), how),
			},
		}
	},
})
