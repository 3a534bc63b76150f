/** Summarises a tuning run in one line. */

import { epsilonText } from '../attacks/sets/size-text.js'
import type { RunInspection } from '../evaluation/deployed/inspect-run.js'
import { grouped } from './number-text.js'

/** For example `nap on 160 images of cifar10-mini, inner attack L-infinity epsilon 1/255, seed 1`. */
export function runProtocol({ defense, data, config }: RunInspection): string {
	const { attack, seed } = config as { attack?: { epsilon?: number }; seed?: number }
	return [
		`${defense.name} on ${grouped(data.images)} images of ${data.name}`,
		...(attack?.epsilon === undefined ? [] : [`inner attack L-infinity epsilon ${epsilonText(attack.epsilon)}`]),
		...(seed === undefined ? [] : [`seed ${seed}`]),
	].join(', ')
}
