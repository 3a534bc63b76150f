/** Reads measurements of distortion. */

import { type DistortionRecord, distortionKind } from '../../records/distortion.js'
import { readRecord } from '../../records/record-kind.js'

/**
 * Reads a measurement that `recordedDistortion` wrote.
 * @throws NaptuneError if the file is missing or not such a record.
 */
export async function readDistortionRecord(path: string): Promise<DistortionRecord> {
	return readRecord(distortionKind, path)
}
