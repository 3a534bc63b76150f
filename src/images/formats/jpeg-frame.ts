/** Detects kinds of JPEG by their frame marker. */

import { UnsupportedFeature } from './unsupported.js'

const otherFrames: Readonly<Record<number, string>> = {
	197: 'hierarchical coding',
	198: 'hierarchical coding',
	199: 'hierarchical lossless coding',
	203: 'lossless arithmetic coding',
	205: 'hierarchical arithmetic coding',
	206: 'hierarchical arithmetic coding',
	207: 'hierarchical lossless arithmetic coding',
	247: 'JPEG-LS coding',
}

/** @throws UnsupportedFeature for a valid but unsupported kind. A missing frame is left to the decoder. */
export function refuseJpeg(bytes: Uint8Array): void {
	let at = 2
	while (at + 4 < bytes.length && bytes[at] === 0xff) {
		const marker = bytes[at + 1] ?? 0
		if (marker === 0xff) {
			at++
			continue
		}
		const feature = otherFrames[marker]
		const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
		if (isFrame || feature !== undefined) {
			const bits = bytes[at + 4] ?? 8
			if (bits !== 8) throw new UnsupportedFeature(`${bits} bits per channel${feature ? ` and ${feature}` : ''}`)
			if (feature !== undefined) throw new UnsupportedFeature(feature)
			return
		}
		if (marker === 0xda || marker === 0xd9) return
		at += 2 + ((bytes[at + 2] ?? 0) << 8) + (bytes[at + 3] ?? 0)
	}
}
