/** Measurements of distortion read back. */

import { type DistortionRecord, distortionKind } from '../../records/distortion.js'
import { readRecord } from '../../records/record-kind.js'

/**
 * Reads a measurement as `recordedDistortion` writes it.
 * @throws NaptuneError when the file is missing or is none.
 */
export async function readDistortionRecord(path: string): Promise<DistortionRecord> {
	return readRecord(distortionKind, path)
}
