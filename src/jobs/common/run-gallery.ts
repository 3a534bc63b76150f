/** The gallery of a tuning run: a few test images under the attack that belongs to the run. */

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

/** Of the choice of images and of the attack. */
const seed = 1

/**
 * Makes the gallery in the run's folder `gallery`; one that is there under the same settings stays.
 * @param input A finished run, and where its checkpoint and its data lie now. @param count Images.
 * @throws NaptuneError when the run is not finished, or its model or data are gone or not the same.
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
	if (!gallery) throw stopped('Stopped. Nothing was written; the same command starts anew.')
}
