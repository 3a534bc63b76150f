/** Attacks and attacker knowledge, as records describe them. */

import { z } from 'zod'
import type { Immutable } from '../../core/immutable.js'
import { informative } from '../informative.js'
import { options } from './fields.js'

/** An attack with every option. */
export const attackSchema = z.strictObject({
	name: z.string().describe('The chosen name: that of an attack or of a preset.'),
	attack: z.string().describe('The registered attack.'),
	source: informative(z.string().describe('Paper and references it follows.')),
	options: options.describe('The whole configuration with defaults filled in.'),
})

/** An attack with every option. */
export type AttackDescription = Immutable<z.output<typeof attackSchema>>

/** Levels of attacker knowledge with their meanings. */
export const knowledgeLevels = {
	'encoder-only': 'the image encoder of the published CLIP: neither classes nor anything that was tuned',
	'prompt-aware': 'the tuned prompts of both towers and the classes, but nothing else that the method adds',
	full: 'everything, and its gradients',
	transfer: 'other models only, against which the images are made',
	query: 'what the model answers, as often as the attack asks',
} as const

/** What the attacker knows, one of {@link knowledgeLevels}. */
export type Knowledge = keyof typeof knowledgeLevels

/** Names of {@link knowledgeLevels}. */
export const knowledgeNames = Object.keys(knowledgeLevels) as Knowledge[]

/** What the attacker knows. */
export const knowledgeSchema = z.enum(knowledgeNames)
