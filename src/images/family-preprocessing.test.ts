import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { familyFixture } from '../checkpoints/families.test.support.js'
import { seededBits } from '../checkpoints/seeded-values.js'
import { at } from '../core/at.js'
import { sha256OfBytes } from '../files/sha256.js'
import { parseOpenClipPreprocessing } from '../vlm/open-clip-config.js'
import { parsePreprocessorConfig, withSiglipDefaults } from '../vlm/preprocessor-config.js'
import type { DecodedImage } from './decoded-image.js'
import { preparedPicture } from './preprocess.js'

interface Rule {
	readonly library: 'open_clip' | 'siglip'
	readonly resize_mode?: string
	readonly interpolation?: string
	readonly resample?: number
	readonly sha256: readonly string[]
}

const { sizes, target, seed, rules } = JSON.parse(readFileSync(familyFixture('preprocessing.json'), 'utf8')) as {
	readonly sizes: readonly (readonly [number, number])[]
	readonly target: number
	readonly seed: number
	readonly rules: readonly Rule[]
}

function picture(index: number, width: number, height: number): DecodedImage {
	const rgb = Uint8Array.from({ length: width * height * 3 }, (_, place) => seededBits(seed, index, place) >>> 16)
	return { width, height, rgb }
}

describe.each(rules)('$library, $resize_mode $interpolation $resample', ({ sha256, library, ...rule }) => {
	it('prepares pictures of any shape bit for bit', () => {
		const preparation =
			library === 'open_clip'
				? parseOpenClipPreprocessing(rule, target, 'the rule')
				: parsePreprocessorConfig(
						withSiglipDefaults({ size: { height: target, width: target }, do_center_crop: null, ...rule }),
					)
		for (const [index, [width, height]] of sizes.entries()) {
			const { rgb } = preparedPicture(picture(index, width, height), preparation)
			expect(sha256OfBytes(rgb), `${width} x ${height}`).toBe(at(sha256, index))
		}
	})
})
