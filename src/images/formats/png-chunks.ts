/** Refuses unsupported PNG chunks. */

import { UnsupportedFeature } from './unsupported.js'

/** @throws UnsupportedFeature for the variant that Xcode makes for phones, which is not a real PNG. */
export function refusePng(bytes: Uint8Array): void {
	if (Buffer.from(bytes.subarray(12, 16)).toString('latin1') === 'CgBI') {
		throw new UnsupportedFeature("Apple's CgBI chunk (made by Xcode for iOS)")
	}
}
