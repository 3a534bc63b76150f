/** What the checks of an audit share: images, clean results, and attacks that are run when first asked for. */

import { pgd } from '../../attacks/algorithms/pgd/pgd.js'
import type { PgdOptions } from '../../attacks/algorithms/pgd/pgd-options.js'
import type { PreparedAttack } from '../../attacks/attack-definition.js'
import type { ImageStreams } from '../../attacks/run/image-streams.js'
import { type ThreatModel, threatModel } from '../../attacks/sets/threat-model.js'
import type { Classifier } from '../../classifier/classifier.js'
import type { Objective } from '../../classifier/objectives/objective.js'
import { predictions } from '../../classifier/predictions.js'
import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { range, takeRows } from '../../core/rows.js'
import { int64, type Tensor } from '../../core/tensor.js'
import { type AttackRun, type AuditImages, type CleanRun, logitsOf, runAuditAttack } from './attack-run.js'
import { type AuditEffort, type AuditInput, type AuditSubject, auditEfforts } from './audit-input.js'
import { radiusText } from './audit-text.js'
import { crossEntropies } from './logit-statistics.js'

/** Which classifier of the audit. */
export type AuditRole = 'model' | 'promptAware' | 'control'

/** An attack that a check asks for. */
export interface AttackRequest {
	readonly attack: PreparedAttack
	/** What a person calls it; default its name. */
	readonly title?: string
	/** Against which classifier images are made; default the model. */
	readonly crafted?: AuditRole
	/** On which they are tried; default the model. */
	readonly judged?: AuditRole
	/** Default that of the audit. */
	readonly epsilon?: number
	/** Attacks that went before: what they broke counts as broken and is left alone. */
	readonly after?: readonly AttackRun[]
	/** Positions of the images to attack; all others count as broken. Default all. */
	readonly only?: readonly number[]
}

/** What a check works with. */
export interface AuditContext extends AuditSubject {
	readonly images: AuditImages
	readonly threatModel: ThreatModel
	readonly effort: AuditEffort
	readonly streams: ImageStreams
	readonly batchSize: number
	/** A classifier of the audit. @throws NaptuneError where it was not given. */
	classifier(role: AuditRole): Classifier
	/** Which clean images are right. */
	clean(role?: AuditRole): Promise<CleanRun>
	/** Runs an attack, or gives what it found before. */
	attack(request: AttackRequest): Promise<AttackRun>
	/** The strongest PGD of the audit against the model, which most checks compare with. */
	mainAttack(): Promise<AttackRun>
	/** Its images [n, channels, height, width], clean where not attacked. */
	mainImages(): Promise<Tensor<'float32'>>
	/** All attacks so far, also those of an audit that was cut off. */
	attacksSoFar(): readonly AttackRun[]
	/** Gradients of an objective at clean images that are right, and which those are; side inputs by image where it has others than labels. */
	cleanGradients(
		objective: Objective,
	): Promise<{ readonly rows: readonly number[]; readonly gradients: Tensor<'float32'> }>
	/** @throws the signal's reason once the audit should stop. */
	stopIfAsked(): void
}

/** What a context tells. */
export interface AuditHooks {
	/** Attacks of an audit under the same settings that was cut off. */
	readonly earlier?: readonly AttackRun[]
	/** Called before an attack, with its description. */
	readonly onAttack?: (description: string) => void
	/** Called after an attack. */
	readonly onAttackDone?: (run: AttackRun) => Promise<void>
}

/** PGD as the audit uses it: steps of a quarter of epsilon from a random point; what counts is the last iterate. */
export function auditPgd(steps: number, options: PgdOptions = {}): PreparedAttack {
	return pgd.prepare({ steps, relativeStepSize: 0.25, start: 'uniform', ...options })
}

/** {@link auditPgd} as a check asks for it. */
export function pgdOf(steps: number, options: PgdOptions = {}): Pick<AttackRequest, 'attack' | 'title'> {
	return { attack: auditPgd(steps, options), title: `pgd-${steps}` }
}

/** Loads the images and makes a context. @throws NaptuneError without images, or when they cannot be read. */
export async function createAuditContext(input: AuditInput, hooks: AuditHooks = {}): Promise<AuditContext> {
	const { model, images: source, effort = auditEfforts.full, batchSize = 50, streams, signal } = input
	if (source.ids.length === 0)
		throw new NaptuneError('NAP_DATA_EMPTY', 'There are no images to audit with; choose another split.')
	const pixels = await source.pixels(range(0, source.ids.length))
	const images: AuditImages = { ids: source.ids, labels: source.labels, pixels }
	const runs = new Map((hooks.earlier ?? []).map((run) => [run.key, run]))
	const cleanRuns = new Map<AuditRole, Promise<CleanRun>>()
	let mainImages: Tensor<'float32'> | undefined
	const stopIfAsked = () => signal?.throwIfAborted()

	const main: AttackRequest = pgdOf(effort.steps)
	const threatOf = ({ epsilon = input.threatModel.epsilon }: AttackRequest) =>
		threatModel(input.threatModel.norm, epsilon)
	const keyOf = (request: AttackRequest): string => {
		const { attack, crafted = 'model', judged = 'model', after = [], only = 'all' } = request
		const before = after.map(({ key }) => key)
		return JSON.stringify([attack.attack, attack.options, crafted, judged, threatOf(request), before, only])
	}
	const classifier = (role: AuditRole): Classifier => {
		const found = role === 'model' ? input.model : input[role]?.classifier
		if (!found) throw new NaptuneError('NAP_ARGUMENT_INVALID', `The audit was given no ${role} classifier.`)
		return found
	}
	const clean = (role: AuditRole = 'model'): Promise<CleanRun> => {
		const known = cleanRuns.get(role)
		if (known) return known
		const run = cleanRun(classifier(role), images, batchSize)
		cleanRuns.set(role, run)
		return run
	}
	const perform = async (request: AttackRequest): Promise<AttackRun> => {
		const { attack, crafted = 'model', judged = 'model', after = [], only } = request
		const threat = threatOf(request)
		const key = keyOf(request)
		const isMain = key === keyOf(main)
		const known = runs.get(key)
		// Of an audit that was cut off, the images of the main attack are made again.
		if (known && (!isMain || mainImages)) return known
		stopIfAsked()
		hooks.onAttack?.(describe(request, threat))
		const cleanOf = await clean(judged)
		const { run, adversarial } = await runAuditAttack({
			key,
			attack,
			crafted: classifier(crafted),
			judged: classifier(judged),
			clean: cleanOf,
			open: (only ?? range(0, images.ids.length)).filter(
				(row) => cleanOf.right[row] && after.every(({ right }) => right[row]),
			),
			images,
			threatModel: threat,
			streams,
			batchSize,
			onBatch: stopIfAsked,
		})
		if (isMain) mainImages = adversarial
		runs.set(key, run)
		if (!known) await hooks.onAttackDone?.(run)
		return run
	}
	return {
		...input,
		images,
		effort,
		batchSize,
		classifier,
		clean,
		attack: perform,
		mainAttack: () => perform(main),
		async mainImages() {
			await perform(main)
			return mainImages!
		},
		attacksSoFar: () => [...runs.values()],
		async cleanGradients(objective) {
			const { right } = await clean()
			const rows = range(0, right.length).filter((row) => right[row])
			const gradients: Tensor<'float32'> = takeRows(pixels, rows)
			const size = gradients.data.length / Math.max(1, rows.length)
			for (let start = 0; start < rows.length; start += batchSize) {
				stopIfAsked()
				const part = rows.slice(start, start + batchSize)
				const labels = int64(
					[part.length],
					part.map((row) => at(images.labels, row)),
				)
				const { gradient } = await model.gradient(takeRows(pixels, part), objective, { labels })
				gradients.data.set(gradient.data, start * size)
			}
			return { rows, gradients }
		},
		stopIfAsked,
	}
}

async function cleanRun(classifier: Classifier, images: AuditImages, batchSize: number): Promise<CleanRun> {
	const logits = await logitsOf(classifier, images.pixels, batchSize)
	const predicted = predictions(logits, images.ids)
	return {
		right: images.labels.map((label, row) => predicted[row] === label),
		losses: crossEntropies(logits, images.labels),
	}
}

function describe(request: AttackRequest, threat: ThreatModel): string {
	const { attack, title = attack.name, crafted = 'model', judged = 'model' } = request
	const against = crafted === judged ? crafted : `${crafted}, tried on ${judged}`
	return `${title} at ${radiusText(threat)} against ${against}`
}
