/** States in words the protocol under which images were attacked. */

import { sizeText } from '../../attacks/sets/size-text.js'
import type { Norm } from '../../attacks/sets/threat-model.js'
import { normText } from '../../report/number-text.js'

/** What determines the numbers of an attack on images, besides the attack. */
export interface AttackedImages {
	readonly images: number
	/** Split of the images, such as `test`; missing means all. */
	readonly split?: string
	/** Name of the data. */
	readonly data: string
	readonly norm: Norm
	readonly epsilon: number
	readonly seed: number
}

/** For example `200 test images of photos, L-infinity epsilon 1/255, seed 1`. @param attack If given, named in between. */
export function protocolText(
	{ images, split, data, norm, epsilon, seed }: AttackedImages,
	attack?: { readonly name: string },
): string {
	return [
		`${images} ${split === undefined ? '' : `${split} `}${images === 1 ? 'image' : 'images'} of ${data}`,
		...(attack ? [attack.name] : []),
		`${normText(norm)} epsilon ${sizeText({ norm, epsilon })}`,
		`seed ${seed}`,
	].join(', ')
}
