import { describe, expect, it } from 'vitest'
import { isHubId } from './hub-id.js'

describe('isHubId', () => {
	it('knows ids from paths', () => {
		for (const text of ['openai/clip-vit-base-patch16', 'laion/CLIP-ViT-B-32-laion2B-s34B-b79K', 'gpt2']) {
			expect(isHubId(text)).toBe(true)
		}
		for (const text of ['', '.', '..', './a', '/a', 'a/', 'a/b/c', 'a b', '~/a', 'a/..', 'a//b', 'a--b', 'C:\\a']) {
			expect(isHubId(text)).toBe(false)
		}
	})
})
