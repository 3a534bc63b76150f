/** The control of every table: the same CLIP without tuning. */

import type { ClipModel } from '../clip/model.js'
import { zeroShotTemplate } from '../clip/templates.js'
import type { Dataset } from '../data/dataset.js'
import type { Defense } from '../defenses/defense.js'
import { prepareDefense } from '../defenses/registry.js'

/** Vanilla CLIP with the hand-written template of the data set (CoOp's), for its classes. */
export function controlDefense(clip: ClipModel, { name, classNames }: Pick<Dataset, 'name' | 'classNames'>): Defense {
	return prepareDefense('vanilla', clip, classNames, { templates: [zeroShotTemplate(name)] })
}
