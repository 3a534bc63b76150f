/** Options of methods that use several views of an image. */

import { z } from 'zod'
import { keptViews } from './confident-views.js'
import { randomisedOption } from './hidden-numbers.js'

/** Options; defaults from the references. */
export const viewOptions = {
	/** Views of an image, including itself. */
	views: z.int().min(2).default(64),
	/** Share of the views, the most confident ones, whose entropy is minimised; rounded down to whole views. */
	selected: z.number().positive().max(1).default(0.1),
	/** Smallest share of the image's area that a view shows. */
	smallestCrop: z.number().positive().max(1).default(0.08),
	/** Seed of the views. */
	seed: z.int().nonnegative().default(0),
	...randomisedOption,
}

/** Checks that at least one view is selected; arguments for zod's `refine`. */
export const keptViewsCheck: [
	(options: { readonly views: number; readonly selected: number }) => boolean,
	{ readonly message: string; readonly path: string[] },
] = [
	({ views, selected }) => keptViews(views, selected) >= 1,
	{ message: 'views times selected must give at least one view', path: ['selected'] },
]
