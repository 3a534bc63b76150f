/** The gallery of a tuning run: a few test images under the attack that belongs to the run. */

import { join } from 'node:path'
import { prepareAttack } from '../attacks/registry.js'
import { threatModel } from '../attacks/sets/threat-model.js'
import { controlDefense } from '../evaluation/deployed/control.js'
import { recordedGallery } from '../evaluation/gallery/gallery.js'
import { recordName } from '../evaluation/robustness/record-name.js'
import { Interruption } from './exit-codes.js'
import { chosenImages } from './inputs.js'
import { tunedRun } from './loading.js'
import type { Session } from './session.js'

/** Of the choice of images and of the attack. */
const seed = 1

/**
 * Makes the gallery in the run's folder `gallery`; one that is there under the same settings stays.
 * @param directory A finished run. @param count Images. @param model Where the checkpoint lies now.
 * @param dataRoot Where the folders of named data sets lie now.
 * @throws NaptuneError when the run is not finished, or its model or data are gone or not the same.
 */
export async function recordRunGallery(
	session: Session,
	directory: string,
	count: number,
	model?: string,
	dataRoot?: string,
): Promise<void> {
	const run = await tunedRun(session, directory, model, dataRoot)
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
	const folder = join(directory, 'gallery')
	session.writesTo(folder)
	const task = session.progress.start(`attacking ${inputs.split.length} images for the gallery`, 100, '%')
	const gallery = await recordedGallery({
		...inputs,
		split: dataset.test,
		count,
		engine: await session.engine(),
		clip,
		dataset,
		parameters,
		control: controlDefense(clip, dataset),
		path: join(folder, recordName(inputs)),
		signal: session.signal,
		onProgress: (share) => task.update(Math.floor(100 * share)),
	}).finally(() => task.end())
	if (!gallery) throw new Interruption('Stopped. Nothing was written; the same command starts anew.')
}
