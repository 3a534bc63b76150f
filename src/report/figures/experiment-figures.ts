/** All figures of an experiment. */

import { at } from '../../core/at.js'
import type { ExperimentResult } from '../../experiments/experiment-result.js'
import { withOwnNames } from '../tables/places.js'
import { ablationFigures } from './ablation-figure.js'
import { confusionFigures } from './confusion-figure.js'
import { dotsFigures } from './dots-figure.js'
import { epsilonFigures } from './epsilon-figure.js'
import { matrixFigures } from './matrix-figure.js'
import type { ReportFigure } from './report-figure.js'
import { stagesFigures } from './stages-figure.js'
import { targetsFigures } from './targets-figure.js'

/**
 * The figures for which a result has numbers, in the order of a report, without missing cells.
 * @param root Folder of all experiments, which holds the records named by the result. Skips what needs a missing record.
 * @throws NaptuneError for a damaged record.
 */
export async function experimentFigures(result: ExperimentResult, root: string): Promise<ReportFigure[]> {
	const named = withOwnTitles(result)
	return withOwnNames([
		...ablationFigures(named),
		...matrixFigures(named),
		...dotsFigures(named),
		...epsilonFigures(named),
		...stagesFigures(named),
		...(await confusionFigures(named, root)),
		...targetsFigures(named),
	])
}

/** Maximum characters of a title or name in a figure. */
const longestTitle = 80

/**
 * Titles and names of data sets distinguish lines, columns and panels, so equal titles also get their names, and long ones
 * are cut.
 */
function withOwnTitles(result: ExperimentResult): ExperimentResult {
	const own = <One extends { readonly name: string; readonly title: string }>(all: readonly One[]) => {
		const named = all.map(({ name, title }) =>
			all.filter((other) => other.title === title).length > 1 ? `${title} [${name}]` : title,
		)
		const short = shortened(named)
		return all.map((one, index) => ({ ...one, title: at(short, index) }))
	}
	const datasets = shortened(result.datasets)
	const drawn = new Map(result.datasets.map((dataset, position) => [dataset, at(datasets, position)]))
	const renamed = <One extends { readonly dataset: string }>(all: readonly One[]) =>
		all.map((one) => ({ ...one, dataset: drawn.get(one.dataset) ?? one.dataset }))
	return {
		...result,
		methods: own(result.methods),
		conditions: own(result.conditions),
		datasets,
		cells: renamed(result.cells),
		shown: renamed(result.shown),
	}
}

/** Cuts long names, and numbers those that become equal. */
function shortened(names: readonly string[]): string[] {
	const cut = names.map((name) => (name.length > longestTitle ? `${name.slice(0, longestTitle - 6)}…` : name))
	return cut.map((name, index) => (cut.indexOf(name) === index ? name : `${name} (${index + 1})`))
}
