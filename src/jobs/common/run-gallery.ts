/** Makes the gallery of a tuning run: a few test images under the run's own attack. */

import { join } from 'node:path'
import { prepareAttack } from '../../attacks/registry.js'
import { threatModel } from '../../attacks/sets/threat-model.js'
import { controlDefense } from '../../evaluation/deployed/control.js'
import { recordedGallery } from '../../evaluation/gallery/gallery.js'
import { recordName } from '../../evaluation/robustness/record-name.js'
import { runFolders } from '../../records/names.js'
import { type JobContext, startTask } from '../job.js'
import { chosenImages, tunedRun } from './inputs.js'
import { stopped } from './stopped.js'

/** Seed of the choice of images and of the attack. */
const seed = 1

/**
 * Makes the gallery in the run's folder `gallery`; keeps an existing one with the same settings.
 * @param input A finished run, and where its checkpoint and data are now. @param count Number of images.
 * @throws NaptuneError when the run is not finished, or its model or data are missing or have changed.
 */
export async function recordRunGallery(
	context: JobContext,
	input: Parameters<typeof tunedRun>[1],
	count: number,
): Promise<void> {
	const run = await tunedRun(context, input)
	const { clip, defense, parameters, protocol } = run
	const dataset = await run.dataset()
	const inputs = {
		defense,
		split: chosenImages(dataset, { split: 'test', limit: count, seed }),
		splitName: 'test',
		attack: prepareAttack(protocol.attack),
		threatModel: threatModel('linf', protocol.epsilon),
		seed,
	}
	const folder = join(run.directory, runFolders.gallery)
	context.onFolder(folder)
	const task = startTask(context, `attacking ${inputs.split.length} images for the gallery`, 100, '%')
	const gallery = await recordedGallery({
		...inputs,
		split: dataset.test,
		count,
		engine: await context.engine(),
		clip,
		dataset,
		parameters,
		control: controlDefense(clip, dataset),
		path: join(folder, recordName(inputs)),
		signal: context.signal,
		onProgress: (share) => task.update(Math.floor(100 * share)),
	}).finally(task.end)
	if (!gallery) throw stopped('Stopped. Nothing was written; run the same command to start over.')
}
