/** What the checks of an audit share: images, clean results, and attacks, which run on first use. */

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

/** A classifier of the audit. */
export type AuditRole = 'model' | 'promptAware' | 'control'

/** An attack that a check requests. */
export interface AttackRequest {
	readonly attack: PreparedAttack
	/** Its name for people; default its name. */
	readonly title?: string
	/** The classifier to make images against; default the model. */
	readonly crafted?: AuditRole
	/** The classifier to try them on; default the model. */
	readonly judged?: AuditRole
	/** Default: the epsilon of the audit. */
	readonly epsilon?: number
	/** Earlier attacks: images that they broke count as broken and are skipped. */
	readonly after?: readonly AttackRun[]
	/** Positions of the images to attack; all others count as broken. Default: all. */
	readonly only?: readonly number[]
}

/** What a check works with. */
export interface AuditContext extends AuditSubject {
	readonly images: AuditImages
	readonly threatModel: ThreatModel
	readonly effort: AuditEffort
	readonly streams: ImageStreams
	readonly batchSize: number
	/** A classifier of the audit. @throws NaptuneError if it was not given. */
	classifier(role: AuditRole): Classifier
	/** Which clean images are classified correctly. */
	clean(role?: AuditRole): Promise<CleanRun>
	/** Runs an attack, or returns its earlier result. */
	attack(request: AttackRequest): Promise<AttackRun>
	/** The strongest PGD of the audit against the model, the reference for most checks. */
	mainAttack(): Promise<AttackRun>
	/** Its images [n, channels, height, width], clean where not attacked. */
	mainImages(): Promise<Tensor<'float32'>>
	/** All attacks so far, including those of an interrupted audit. */
	attacksSoFar(): readonly AttackRun[]
	/**
	 * Gradients of an objective at correctly classified clean images, and which those are; side inputs by image if it has
	 * others than labels.
	 */
	cleanGradients(
		objective: Objective,
	): Promise<{ readonly rows: readonly number[]; readonly gradients: Tensor<'float32'> }>
	/** @throws the signal's reason once the audit should stop. */
	stopIfAsked(): void
}

/** Hooks of a context. */
export interface AuditHooks {
	/** Attacks of an interrupted audit with the same settings. */
	readonly earlier?: readonly AttackRun[]
	/** Called before an attack, with its description. */
	readonly onAttack?: (description: string) => void
	/** Called after an attack. */
	readonly onAttackDone?: (run: AttackRun) => Promise<void>
}

/** PGD with the audit's settings: steps of a quarter of epsilon from a random point; the last iterate counts. */
export function auditPgd(steps: number, options: PgdOptions = {}): PreparedAttack {
	return pgd.prepare({ steps, relativeStepSize: 0.25, start: 'uniform', ...options })
}

/** {@link auditPgd} in the form that a check requests. */
export function pgdOf(steps: number, options: PgdOptions = {}): Pick<AttackRequest, 'attack' | 'title'> {
	return { attack: auditPgd(steps, options), title: `pgd-${steps}` }
}

/** Loads the images and makes a context. @throws NaptuneError if there are no images, or they cannot be read. */
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
		if (!found) throw new NaptuneError('NAP_ARGUMENT_INVALID', `The audit has no ${role} classifier.`)
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
		// After an interruption, the images of the main attack must be made again.
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
