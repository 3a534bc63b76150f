/** Formats numbers for cells and sentences. */

import type { Accuracy } from '../../records/parts/accuracy.js'
import { intervalText, percentText } from '../../report/number-text.js'

/** An accuracy with its interval: `62.6 % [58.3, 66.7]`. */
export function accuracyText({ accuracy, interval }: Accuracy): string {
	return `${percentText(accuracy)} ${intervalText(interval)}`
}

/** A difference of shares in whole points, for running text. */
export function wholePoints(difference: number): string {
	return Math.round(100 * Math.abs(difference)).toFixed(0)
}

/** A share in percent without decimals. */
export function wholePercent(share: number): string {
	return `${Math.round(100 * share)} %`
}
