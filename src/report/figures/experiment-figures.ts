/** All figures of an experiment. */

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
 * The figures that a result has the numbers for, in the order of a report. Nothing is drawn of cells that are missing.
 * @param root Folder of all experiments, where the records lie that the result names; what needs a record that is not there
 * is left out.
 * @throws NaptuneError for a record that is damaged.
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

/** Lines and columns are told apart by their titles: equal ones get their names, too. */
function withOwnTitles(result: ExperimentResult): ExperimentResult {
	const own = <One extends { readonly name: string; readonly title: string }>(all: readonly One[]) =>
		all.map((one) => {
			const shared = all.filter(({ title }) => title === one.title).length > 1
			return shared ? { ...one, title: `${one.title} [${one.name}]` } : one
		})
	return { ...result, methods: own(result.methods), conditions: own(result.conditions) }
}
