/** What the report shows of tuning runs besides their numbers: distortion by layer, and a gallery of attacked images. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { PreparedAttack } from '../attacks/attack-definition.js'
import { prepareAttack } from '../attacks/registry.js'
import { parseEpsilon, threatModel } from '../attacks/sets/threat-model.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { atMost } from '../data/subsets.js'
import { controlDefense } from '../evaluation/deployed/control.js'
import { recordedDistortion } from '../evaluation/distortion/recorded-distortion.js'
import { recordedGallery } from '../evaluation/gallery/gallery.js'
import { recordName } from '../evaluation/robustness/record-name.js'
import { attackKey } from './attacked-cell.js'
import { cellLabel } from './cells.js'
import type { Problem } from './experiment-result.js'
import { type Plan, type PlannedCell, problemPlace } from './plan.js'
import type { CellResults, RunCellsInput } from './run-cells.js'
import { tunedModel } from './tuned-cell.js'

/** Most images for distortion, and the attack: means over images need fewer images and steps than accuracies do. */
const distortion = { images: 100, attack: 'pgd-20' }

/** Most images in a gallery, and the attack. */
const gallery = { images: 8, attack: 'pgd-100' }

/** The input of {@link lookIntoRuns}. */
export interface LookInput
	extends Pick<RunCellsInput, 'engine' | 'output' | 'batchSize' | 'unreadable' | 'onFolder' | 'onProblem' | 'signal'> {
	readonly plan: Plan
	readonly results: CellResults
	/** Called with the current work and the share of it that is done, in [0, 1]. */
	readonly onLook?: (what: string, share: number) => void
}

/**
 * The cells that the report examines: the first seed of every method that the experiment shows, at all points of the axis,
 * each run once, if any of its cells was measured.
 */
export function shownCells({ definition, cells }: Plan, { measured }: CellResults): PlannedCell[] {
	const shown = cells.filter(
		({ cell, attacks }) =>
			definition.shown.includes(cell.method) &&
			cell.tuning &&
			cell.seed === definition.seeds[0] &&
			attacks.some((attack) => measured.has(attackKey(cell, attack))),
	)
	const folders = shown.map(({ cell }) => cell.folder)
	return shown.filter(({ cell }, index) => folders.indexOf(cell.folder) === index)
}

/**
 * Measures distortion and makes a gallery for {@link shownCells}, inside their runs. It keeps existing results, and adds
 * nothing to a run whose parameters are gone.
 * @returns What failed with a NaptuneError, while the rest continued; undefined if the signal stopped it.
 */
export async function lookIntoRuns(input: LookInput): Promise<Problem[] | undefined> {
	const problems: Problem[] = []
	for (const planned of shownCells(input.plan, input.results)) {
		if (input.results.kept.has(planned.cell.folder)) continue
		try {
			if (!(await lookIntoRun(input, planned))) return undefined
		} catch (error) {
			if (!(error instanceof NaptuneError)) throw error
			const message = `Its distortion or gallery: ${error.message}`
			problems.push({ ...problemPlace(planned), message })
			input.onProblem?.(cellLabel(planned.cell), message)
		}
	}
	return problems
}

async function lookIntoRun(input: LookInput, { cell }: PlannedCell): Promise<boolean> {
	const { engine, output, plan, batchSize = 50, signal, onFolder, onLook } = input
	const { definition } = plan
	const { dataset } = cell
	const tuned = await tunedModel(input, cell)
	if (!tuned) return false
	const { clip, defense, parameters } = tuned
	const shared = {
		engine,
		clip,
		dataset,
		splitName: 'test',
		threatModel: threatModel('linf', parseEpsilon(definition.epsilon)),
		seed: definition.evaluationSeed,
		...defined({ signal }),
	}
	const place = (folder: string, attack: PreparedAttack, images: number) => {
		// Fewer if cells have fewer, but enough for meaningful means.
		const wanted = Math.max(gallery.images, definition.images.default ?? images)
		const split = atMost(dataset.test, Math.min(images, wanted), shared.seed)
		const directory = join(output, cell.folder, folder)
		onFolder?.(directory)
		return { split, attack, path: join(directory, recordName({ ...shared, defense, split, attack })) }
	}
	const measured = place('distortion', prepareAttack(distortion.attack), distortion.images)
	if (!existsSync(measured.path)) {
		const what = `distortion of ${cellLabel(cell)}`
		const record = await recordedDistortion({
			...shared,
			...measured,
			control: { defense: controlDefense(clip, dataset), parameters: {} },
			tuned: { defense, parameters },
			batchSize,
			onProgress: (done) => onLook?.(what, done / measured.split.length),
		})
		if (!record) return false
	}
	const what = `gallery of ${cellLabel(cell)}`
	const made = await recordedGallery({
		...shared,
		...place('gallery', prepareAttack(gallery.attack), gallery.images),
		defense,
		parameters,
		control: controlDefense(clip, dataset),
		count: gallery.images,
		onProgress: (share) => onLook?.(what, share),
	})
	return made !== undefined
}
