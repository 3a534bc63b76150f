/** Describes a tuning run: what it is, how far it is, and how it learned. */

import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { defined } from '../core/defined.js'
import { inspectRun, runInspectionSchema } from '../evaluation/deployed/inspect-run.js'
import { makeFolder } from '../files/make-folder.js'
import { writeFigure } from '../report/figure.js'
import { learningCurvesFigure } from '../report/learning-curves-figure.js'
import { runProtocol } from '../report/run-protocol.js'
import { defineJob } from './job.js'

/** The input of {@link inspect}. */
export const inspectInput = z.strictObject({
	/** Run directory of `tune`, finished or under way. */
	run: z.string(),
	/** Where the checkpoint is now; by default where the run found it. */
	model: z.string().optional(),
	/** File for a figure of the learning curves; ends in .svg or .png. */
	plot: z.string().optional(),
})

/** The result of {@link inspect}. */
export const inspectResult = runInspectionSchema.extend({
	plot: z.string().exactOptional().describe('File of the figure.'),
})

/**
 * Describes a run, finished or not: method, model, data, settings, shapes through both towers, parameters, learning curves.
 * @throws NaptuneError when there is no run, its files are damaged, or the model is missing or has changed.
 */
export const inspect = defineJob({
	name: 'inspect',
	doc: 'Show what a tuning run is: method, model, data, settings, shapes through both towers, parameters, and its learning curves so far. Also works on a run under way.',
	input: inspectInput,
	result: inspectResult,
	async run({ run, model, plot }, { onFolder }) {
		const inspection = await inspectRun(resolve(run), model)
		if (plot === undefined) return inspection
		const path = resolve(plot)
		const figure = learningCurvesFigure(inspection, runProtocol(inspection))
		await makeFolder(dirname(path))
		onFolder(dirname(path))
		await writeFigure(figure, path)
		return { ...inspection, ...defined({ plot: path }) }
	},
})
