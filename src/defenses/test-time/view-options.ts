/** Options of methods that look at several views of an image. */

import { z } from 'zod'
import { keptViews } from './confident-views.js'
import { randomisedOption } from './hidden-numbers.js'

/** Options with the references' values. */
export const viewOptions = {
	/** Views of an image, itself included. */
	views: z.int().min(2).default(64),
	/** Share of the views, the most confident ones, whose entropy is descended; rounded down to whole views. */
	selected: z.number().positive().max(1).default(0.1),
	/** Smallest share of the image's area that a view shows. */
	smallestCrop: z.number().positive().max(1).default(0.08),
	/** Seed of the views. */
	seed: z.int().nonnegative().default(0),
	...randomisedOption,
}

/** The check that some view is selected, as the arguments of zod's `refine`. */
export const keptViewsCheck: [
	(options: { readonly views: number; readonly selected: number }) => boolean,
	{ readonly message: string; readonly path: string[] },
] = [
	({ views, selected }) => keptViews(views, selected) >= 1,
	{ message: 'views times selected must give at least one view', path: ['selected'] },
]
