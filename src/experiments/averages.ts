/** Means over data sets, as in the paper's last column. */

import { defined } from '../core/defined.js'
import type { Average, Cell } from './experiment-result.js'
import type { Plan } from './plan.js'
import { paperMethod } from './protocols.js'
import { arePaperDatasets, geometryName, type PaperTargets, paperAverage } from './targets.js'

/**
 * The mean of every method's cells under every condition, beside the paper's; none over a single data set.
 * @param targets The paper's numbers; missing if the experiment measures something else.
 */
export function averagesOf(
	{ definition, models, datasets, conditions }: Plan,
	targets: PaperTargets | undefined,
	cells: readonly Cell[],
): Average[] {
	if (datasets.length < 2) return []
	const names = datasets.map(({ name }) => name)
	const comparable = targets && arePaperDatasets(targets, names) ? targets : undefined
	return models.flatMap(({ name: model, clip }) =>
		Object.keys(definition.methods).flatMap((method) =>
			conditions.flatMap((condition) => {
				const own = cells.filter(
					(cell) => cell.model === model && cell.method === method && cell.condition === condition.name,
				)
				const points = [...new Set(own.map(({ point }) => point))]
				return points.flatMap((point): Average[] => {
					const over = own.filter((cell) => cell.point === point)
					// A mean over fewer data sets would look comparable with the others.
					if (over.length < datasets.length) return []
					const geometry = geometryName(clip.config)
					const target =
						comparable &&
						geometry &&
						paperAverage(comparable, {
							experiment: definition.name,
							model: geometry,
							method: paperMethod(definition, method),
							condition: condition.name,
							...defined({ point }),
						})
					return [
						{
							model,
							method,
							condition: condition.name,
							...defined({ point }),
							datasets: over.length,
							accuracy: over.reduce((sum, { accuracy }) => sum + accuracy, 0) / over.length,
							...defined({ target: target || undefined }),
						},
					]
				})
			}),
		),
	)
}
