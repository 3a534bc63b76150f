/**
 * AutoAttack (Croce & Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks", ICML 2020) in the versions of the fra31/auto-attack repository: several attacks in turn, each from the clean
 * images, each on the images that the earlier ones did not fool.
 */

import { z } from 'zod'
import { dlrClasses } from '../../../classifier/objectives/dlr-objectives.js'
import { defineAttack } from '../../define-attack.js'
import type { AttackRound } from '../../run/attack-round.js'
import { apgdRounds } from '../apgd/apgd.js'
import { type ApgdOptions, apgdSchema } from '../apgd/apgd-options.js'
import { fabRounds } from '../fab/fab.js'
import { fabSchema } from '../fab/fab-options.js'
import { squareSchema } from '../square/options.js'
import { squareRounds } from '../square/square.js'

const stages = ['apgd-ce', 'apgd-dlr', 'apgd-t', 'fab', 'fab-t', 'square'] as const

/** A stage of AutoAttack; `fab` is the untargeted form. */
type Stage = (typeof stages)[number]

const versions = {
	standard: { stages: ['apgd-ce', 'apgd-t', 'fab-t', 'square'], restarts: 1, eotSamples: 1 },
	plus: { stages: ['apgd-ce', 'apgd-dlr', 'fab', 'square', 'apgd-t', 'fab-t'], restarts: 5, eotSamples: 1 },
	rand: { stages: ['apgd-ce', 'apgd-dlr'], restarts: 1, eotSamples: 20 },
} as const satisfies Record<string, { stages: readonly Stage[]; restarts: number; eotSamples: number }>

/**
 * Options of {@link autoAttack}. Omitted options come from the version; any other value makes it a different attack, which
 * records show.
 */
export const autoAttackSchema = z
	.strictObject({
		/** `standard` for deterministic models, `plus` with more restarts, `rand` for models with random numbers. */
		version: z.enum(['standard', 'plus', 'rand']).default('standard'),
		/** The stages, in order. */
		stages: z.array(z.enum(stages)).min(1).optional(),
		/** Restarts of untargeted stages except square. */
		restarts: z.int().positive().optional(),
		/** Draws of a randomised model to average every gradient of APGD over. */
		eotSamples: z.int().positive().optional(),
		/** Steps of APGD and FAB. */
		steps: z.int().positive().default(100),
		/** Targets of the targeted stages; at most C - 1. */
		targets: z.int().positive().default(9),
		/** Queries of square. */
		queries: z.int().positive().default(5000),
		/** Runs untargeted FAB with more than 100 classes, at one gradient per class and step. */
		force: z.boolean().optional(),
	})
	.refine(({ stages: chosen }) => chosen === undefined || new Set(chosen).size === chosen.length, {
		message: 'a stage can run only once; use more restarts instead',
		path: ['stages'],
	})
	.transform((options) => {
		const { version } = options
		return {
			...options,
			stages: options.stages ?? [...versions[version].stages],
			restarts: options.restarts ?? versions[version].restarts,
			eotSamples: options.eotSamples ?? versions[version].eotSamples,
		}
	})

/** Options of AutoAttack, all with defaults. */
export type AutoAttackOptions = z.input<typeof autoAttackSchema>

/** Options of AutoAttack with defaults filled in. */
export type AutoAttackSettings = z.output<typeof autoAttackSchema>

/**
 * The rounds of all stages. Targets are at most C - 1. If a DLR loss is undefined (untargeted below 3 classes, targeted
 * below 4), the margin of logits replaces it, and the stage's name says so.
 * @throws NaptuneError for fewer than 2 classes, and for untargeted FAB with more than 100 unless forced.
 */
export function autoAttackRounds(settings: AutoAttackSettings, classes: number): readonly AttackRound[] {
	return settings.stages.flatMap((stage) => roundsOf[stage](settings, classes))
}

const roundsOf: Readonly<Record<Stage, (settings: AutoAttackSettings, classes: number) => readonly AttackRound[]>> = {
	'apgd-ce': (settings, classes) => apgdStage(settings, classes, { loss: 'ce', restarts: settings.restarts }),
	'apgd-dlr': (settings, classes) => {
		const { restarts } = settings
		if (classes >= dlrClasses) return apgdStage(settings, classes, { loss: 'dlr', restarts })
		return named('apgd-dlr (margin)', apgdStage(settings, classes, { loss: 'margin', restarts }))
	},
	'apgd-t': (settings, classes) => apgdStage(settings, classes, { loss: 'dlr-targeted', targets: settings.targets }),
	fab: ({ steps, restarts, force = false }, classes) =>
		named('fab', fabRounds(fabSchema.parse({ mode: 'untargeted', steps, restarts, force }), classes)),
	'fab-t': ({ steps, targets }, classes) => fabRounds(fabSchema.parse({ mode: 'targeted', steps, targets }), classes),
	square: ({ queries }) => squareRounds(squareSchema.parse({ queries })),
}

function apgdStage({ steps, eotSamples }: AutoAttackSettings, classes: number, options: ApgdOptions): AttackRound[] {
	return apgdRounds(apgdSchema.parse({ steps, eotSamples, ...options }), classes)
}

function named(stage: string, rounds: readonly AttackRound[]): AttackRound[] {
	return rounds.map((round) => ({ ...round, stage }))
}

/**
 * AutoAttack: returns the image of the first round that fools the model, or the clean image. Images that are wrong when
 * clean are not attacked.
 *
 * Unlike the reference, every image draws from its own random stream rather than from one for the batch, so that its result
 * does not depend on the batch or on other images.
 * @example
 * const attack = autoAttack.prepare({ version: 'rand' })
 */
export const autoAttack = defineAttack({
	name: 'autoattack',
	doc: 'AutoAttack, standard version: APGD-CE, targeted APGD-DLR, targeted FAB and Square, in turn.',
	source: 'Croce & Hein 2020, arXiv 2003.01690; the definition of fra31/auto-attack, other libraries deviate from it',
	access: 'gradient',
	norms: ['linf', 'l2'],
	skipsWrong: true,
	schema: autoAttackSchema,
	presets: {
		'autoattack-plus': {
			doc: 'AutoAttack with 5 restarts, plus untargeted DLR and untargeted FAB.',
			options: { version: 'plus' },
		},
		'autoattack-rand': {
			doc: 'AutoAttack for models with random numbers: APGD-CE and APGD-DLR, gradients averaged over 20 draws.',
			options: { version: 'rand' },
		},
	},
	draws: ({ eotSamples }) => eotSamples,
	rounds: autoAttackRounds,
})
