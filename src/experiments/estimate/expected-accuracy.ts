/** Predicts accuracies from the paper's numbers, and thereby how many images an attack has to work on. */

import { type PaperTargets, paperTarget } from '../targets.js'

/** Shares of correctly classified test images, in [0, 1]. */
export interface ExpectedAccuracy {
	readonly clean: number
	/** Under PGD-100. */
	readonly robust: number
}

/** Methods outside the paper, with the method that behaves most like them. */
const alike: Readonly<Record<string, string>> = { coop: 'vanilla', 'advpt-e2e': 'advpt-v' }

/**
 * The paper's cell for a method on a data set if it has one; otherwise the mean of the method's row in Table I, or for
 * methods outside the paper that of the most similar method, or of NAP.
 * @param model From `geometryName`; undefined for a model of another size.
 */
export function expectedAccuracy(
	targets: PaperTargets,
	{
		method,
		dataset,
		model,
	}: { readonly method: string; readonly dataset: string; readonly model?: string | undefined },
): ExpectedAccuracy {
	const known = targets.averages.some((average) => average.experiment === 'table1' && average.method === method)
	const own = known ? method : (alike[method] ?? 'nap')
	const share = (condition: string) => {
		const [experiment, geometry] =
			model === 'ViT-B/32' ? (['table2', model] as const) : (['table1', 'ViT-B/16'] as const)
		const cell = paperTarget(targets, { experiment, model: geometry, method: own, condition, dataset })
		const mean = targets.averages.find(
			(average) => average.experiment === 'table1' && average.method === own && average.condition === condition,
		)?.recomputed
		return ((model === undefined ? mean : (cell ?? mean)) ?? 0) / 100
	}
	return { clean: share('clean'), robust: share('pgd') }
}
