/** The committed small experiments as parts of work with the times that they really took, for replays. */

import { prepareAttack } from '../attacks/registry.js'
import { isRobust } from '../attacks/run/attack-outcomes.js'
import { embeddedModel } from '../checkpoints/checkpoint.js'
import { loadClip } from '../checkpoints/load-clip.js'
import { workOf } from '../classifier/pass-counter.js'
import { at } from '../core/at.js'
import { loadDataset } from '../data/registry.js'
import { readEvaluationRecord } from '../evaluation/robustness/record.js'
import type { EvaluationRecord } from '../evaluation/robustness/recorded-evaluation.js'
import { loadPreset } from '../methods/tuning/presets.js'
import { attackKey } from './attacked-cell.js'
import { loadExperiment } from './definition.js'
import { planExperiment } from './plan.js'
import { readExperimentResult } from './read-experiment-result.js'
import { attackWork, tuningWork } from './work.js'
import type { WorkPart } from './work-meter.js'

/** A part with what it took: seconds, and, for an attack, passes done and left at most at every step of it. */
export interface RecordedPart {
	readonly part: WorkPart
	readonly seconds: number
	readonly steps: readonly { readonly done: number; readonly left: number }[]
}

const results = new URL('../../results/reproduce-quick/', import.meta.url)
const classes = 10
const stepsPerPart = 40

/** The parts of small experiments, each once, in the order in which they run. */
export async function recordedParts(names: readonly string[]): Promise<RecordedPart[]> {
	const models = [{ name: 'nano', clip: await loadClip(embeddedModel) }]
	const datasets = [await loadDataset('cifar10-mini')]
	const groups = new Map<string, { readonly tuning: RecordedPart; readonly attacks: Map<string, RecordedPart> }>()
	for (const name of names) {
		const definition = await loadExperiment(name, { quick: true })
		const { cells } = planExperiment({ definition, preset: await loadPreset(definition.preset), models, datasets })
		const result = await readExperimentResult(new URL(`${name}/result.json`, results).pathname)
		for (const { cell, point, attacks } of cells) {
			// The definition may have more by now than was run then.
			if (!result.methods.some((own) => own.name === cell.method)) continue
			if (point !== undefined && !result.axis?.values.includes(point)) continue
			for (const attack of attacks) {
				const measured = result.cells.find(
					(own) => own.method === cell.method && own.point === point && own.condition === attack.condition,
				)
				const seed = measured?.seeds.find((own) => own.seed === cell.seed)
				if (!seed) throw new RangeError(`${name} does not hold ${cell.method} under ${attack.condition}.`)
				const tuning = { part: tuningWork(cell), seconds: seed.tuningSeconds, steps: [] }
				const group = groups.get(cell.folder) ?? { tuning, attacks: new Map<string, RecordedPart>() }
				groups.set(cell.folder, group)
				const key = attackKey(cell, attack)
				if (group.attacks.has(key)) continue
				const record = await readEvaluationRecord(new URL(seed.record, results).pathname)
				const options = attack.madeOn ? undefined : attack.options
				group.attacks.set(key, {
					part: attackWork(attack, cell),
					seconds: seed.evaluationSeconds,
					steps: stepsOf(record, options && prepareAttack(attack.attack, options).rounds(classes)),
				})
			}
		}
	}
	return [...groups.values()].flatMap(({ tuning, attacks }) => [tuning, ...attacks.values()])
}

/**
 * Done and left at most, as the engine of attacks tells them. Every stage has the images that were attacked in it, of which
 * those that the next one does not have leave evenly.
 */
function stepsOf(
	{ passes, stages, images, outcomes, attack }: EvaluationRecord,
	rounds: ReturnType<ReturnType<typeof prepareAttack>['rounds']> | undefined,
): RecordedPart['steps'] {
	if (!passes) throw new RangeError(`The record of ${attack.name} does not say how many passes it took.`)
	const total = workOf(passes)
	const workOfStage = (name: string) =>
		(rounds ?? [])
			.filter(({ stage }) => stages === undefined || stage === name)
			.reduce((sum, { cost }) => sum + workOf(cost) + 1, 0)
	const attacked = stages?.map((stage) => stage.attacked) ?? [outcomes.filter((outcome) => outcome.attacked).length]
	const works = stages?.map(({ stage }) => workOfStage(stage)) ?? [rounds ? workOfStage('') : 1]
	const standing = [...attacked, outcomes.filter(isRobust).length]
	// Of one stage nothing leaves before its end.
	const meanOf = (stage: number) => (stages ? (at(standing, stage) + at(standing, stage + 1)) / 2 : at(standing, stage))
	const bound = works.reduce((sum, work, stage) => sum + work * meanOf(stage), 0)
	const all = works.reduce((sum, work) => sum + work, 0)
	const underWay = Array.from({ length: stepsPerPart }, (_, index) => {
		const share = (index + 1) / stepsPerPart
		let rest = share * bound
		let stage = 0
		while (stage < works.length - 1 && rest > at(works, stage) * meanOf(stage)) {
			rest -= at(works, stage) * meanOf(stage)
			stage++
		}
		const within = Math.min(1, rest / Math.max(1, at(works, stage) * meanOf(stage)))
		const now = stages
			? at(standing, stage) + within * (at(standing, stage + 1) - at(standing, stage))
			: at(standing, stage)
		const later = works.slice(stage + 1).reduce((sum, work) => sum + work, 0)
		return {
			done: share * total,
			left: index + 1 === stepsPerPart ? 0 : now * (later + (1 - within) * at(works, stage)),
		}
	})
	// Clean predictions first, after which those that are wrong are left alone.
	return [{ done: Math.min(images, total), left: images * all }, ...underWay]
}
