/** Under which protocol images were attacked, in words. */

import { sizeText } from '../../attacks/sets/size-text.js'
import type { Norm } from '../../attacks/sets/threat-model.js'
import { normText } from '../../report/number-text.js'

/** What decides the numbers of an attack on images, beside the attack. */
export interface AttackedImages {
	readonly images: number
	/** Which, such as `test`; missing where all are meant. */
	readonly split?: string
	/** Name of the data. */
	readonly data: string
	readonly norm: Norm
	readonly epsilon: number
	readonly seed: number
}

/** Such as `200 test images of photos, L-infinity epsilon 1/255, seed 1`. @param attack Named between them, where given. */
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
