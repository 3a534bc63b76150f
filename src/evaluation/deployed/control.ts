/** The control of every table: the same CLIP without tuning. */

import type { Dataset } from '../../data/dataset.js'
import { zeroShotTemplate } from '../../data/templates.js'
import type { Defense } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import type { ClipModel } from '../../vlm/model.js'

/**
 * Vanilla CLIP for the classes of a data set.
 * @param templates Templates or the name of an ensemble; by default the data set's hand-written template (CoOp's).
 * @throws NaptuneError for an unknown ensemble, or a template without `{}`.
 */
export function controlDefense(
	clip: ClipModel,
	{ name, classNames }: Pick<Dataset, 'name' | 'classNames'>,
	templates: string | readonly string[] = [zeroShotTemplate(name)],
): Defense {
	return prepareDefense('vanilla', clip, classNames, { templates })
}
