/** Sections about tuning runs: learning curves, distortion and gallery, if a run has them. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { sizeText } from '../../../attacks/sets/size-text.js'
import { NaptuneError } from '../../../core/errors.js'
import { readLearningCurves } from '../../../evaluation/deployed/learning-curves.js'
import { readDistortionRecord } from '../../../evaluation/distortion/read-distortion.js'
import type { DistortionRecord } from '../../../evaluation/distortion/recorded-distortion.js'
import { distortionReport } from '../../figures/distortion-report.js'
import { learningReport } from '../../figures/learning-report.js'
import type { ReportFigure } from '../../figures/report-figure.js'
import { normText } from '../../number-text.js'
import { fileStem, withOwnNames } from '../../tables/places.js'
import type { Block, ReportSection } from '../report-document.js'
import { jsonFiles } from '../report-source.js'
import { galleryBlock } from './gallery-blocks.js'
import { figureBlocks, sectionOf } from './report-parts.js'

/** A run to show. */
export interface ShownRun {
	readonly folder: string
	/** Name for readers, such as `NAP on cifar10-mini`. */
	readonly title: string
	/** The tuning in one sentence; the title by default. */
	readonly protocol?: string
}

/** Sections about the runs. */
export interface Looks {
	readonly sections: readonly ReportSection[]
	readonly figures: readonly ReportFigure[]
	/** Damaged or changed files; the rest is shown. */
	readonly problems: readonly string[]
	/** Missing files. */
	readonly gone: readonly string[]
}

/** Learning curves, distortion and galleries of all runs; an unreadable file is a problem, not an error. */
export async function lookSections(runs: readonly ShownRun[]): Promise<Looks> {
	const [learning, distortion]: [ReportFigure[], ReportFigure[]] = [[], []]
	const galleries: Block[] = []
	const [problems, gone]: [string[], string[]] = [[], []]
	const tried = async (work: () => Promise<void>) => {
		try {
			await work()
		} catch (error) {
			if (!(error instanceof NaptuneError)) throw error
			problems.push(error.message)
		}
	}
	for (const { folder, title, protocol = `${title}.` } of runs) {
		const parts = runs.length > 1 ? [title] : []
		await tried(async () => {
			if (!existsSync(folder)) {
				gone.push(`The tuning run ${folder} is missing, so its curves are not shown.`)
				return
			}
			const epochs = await readLearningCurves(folder)
			if (epochs.length === 0) return
			learning.push(
				learningReport(
					{ directory: folder, epochs },
					fileStem('learning-curves', ...parts),
					`Learning curves of ${title}`,
					protocol,
				),
			)
		})
		for (const path of await jsonFiles(folder, 'distortion')) {
			await tried(async () => {
				const record = await readDistortionRecord(join(folder, path))
				const name = fileStem('distortion', ...parts)
				distortion.push(distortionReport(record, name, `Distortion by layer of ${title}`, distortionProtocol(record)))
			})
		}
		for (const path of await jsonFiles(folder, 'gallery')) {
			await tried(async () => {
				galleries.push(await galleryBlock(join(folder, path), title))
			})
		}
	}
	const [curves, layers] = [withOwnNames(learning), withOwnNames(distortion)]
	return {
		sections: [
			...sectionOf('learning', 'Learning curves', await figureBlocks(curves)),
			...sectionOf('distortion', 'Distortion by layer', await figureBlocks(layers)),
			...sectionOf('gallery', 'Gallery', galleries),
		],
		figures: [...curves, ...layers],
		problems,
		gone,
	}
}

function distortionProtocol({ dataset, attack, threatModel, seed }: DistortionRecord): string {
	return `${dataset.images} ${dataset.split} images of ${dataset.name}, ${attack.name}, ${normText(threatModel.norm)} epsilon ${sizeText(threatModel)}, seed ${seed}.`
}
