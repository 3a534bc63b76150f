import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parseClipConfig } from './config.js'

interface Tower {
	readonly hidden_size: number
	readonly num_hidden_layers: number
	readonly num_attention_heads: number
	readonly intermediate_size: number
	readonly hidden_act: string
	readonly layer_norm_eps: number
	readonly [key: string]: unknown
}
interface Case {
	readonly name: string
	readonly config: unknown
	readonly transformers: {
		readonly projection_dim: number
		readonly logit_scale_init_value: number
		readonly text: Tower
		readonly vision: Tower
	}
}

const fixture = fileURLToPath(new URL('../../fixtures/checkpoints/configs.json', import.meta.url))
const cases = JSON.parse(readFileSync(fixture, 'utf8')) as Case[]

const tower = (raw: Tower) => ({
	width: raw.hidden_size,
	layers: raw.num_hidden_layers,
	heads: raw.num_attention_heads,
	mlpWidth: raw.intermediate_size,
	activation: raw.hidden_act,
	layerNormEpsilon: raw.layer_norm_eps,
})

describe('parseClipConfig', () => {
	it.each(cases)('reads what transformers reads: $name', ({ config, transformers: { text, vision, ...top } }) => {
		const legacy = text.eos_token_id === 2
		expect(parseClipConfig(config)).toEqual({
			projectionDimension: top.projection_dim,
			logitScaleInit: top.logit_scale_init_value,
			text: {
				...tower(text),
				contextLength: text.max_position_embeddings,
				vocabularySize: text.vocab_size,
				endTokenId: legacy ? 49407 : text.eos_token_id,
				bosTokenId: legacy ? 49406 : text.bos_token_id,
				padTokenId: text.pad_token_id,
				eosRule: legacy ? 'argmax' : 'first-match',
			},
			vision: {
				...tower(vision),
				imageSize: vision.image_size,
				patchSize: vision.patch_size,
				channels: vision.num_channels,
			},
		})
	})

	it('meets both end-token rules in these cases', () => {
		const rules = new Set(cases.map(({ config }) => parseClipConfig(config).text.eosRule))
		expect(rules).toEqual(new Set(['argmax', 'first-match']))
	})

	it('takes squares written as pairs, and no padding token', () => {
		const { text, vision } = parseClipConfig({
			model_type: 'clip',
			text_config: { pad_token_id: null },
			vision_config: { image_size: [32, 32], patch_size: [4, 4] },
		})
		expect([vision.imageSize, vision.patchSize]).toEqual([32, 4])
		expect('padTokenId' in text).toBe(false)
	})

	it.each<[string, unknown, RegExp]>([
		['a list', [], /one JSON object/],
		['text', 'clip', /one JSON object/],
		['SigLIP', { model_type: 'siglip' }, /type "siglip"; expected "clip"/],
		['one tower', { model_type: 'clip_vision_model' }, /only one half of a CLIP/],
		['open_clip', { model_cfg: { embed_dim: 512 } }, /config of open_clip/],
		['a ResNet tower', { model_type: 'clip', vision_config: { layers: [3, 4, 6, 3] } }, /ResNet/],
		['something else', { hidden_size: 768 }, /neither model_type nor text_config/],
		['uneven heads', { model_type: 'clip', text_config: { num_attention_heads: 7 } }, /512 is not divisible .* 7/],
		['another activation', { model_type: 'clip', vision_config: { hidden_act: 'relu' } }, /hidden_act is "relu"/],
		['a negative width', { model_type: 'clip', text_config: { hidden_size: -8 } }, /text_config .*hidden_size/],
		['a fractional size', { model_type: 'clip', vision_config: { image_size: 3.5 } }, /vision_config .*image_size/],
		['an oblong image', { model_type: 'clip', vision_config: { image_size: [32, 64] } }, /32x64; only squares/],
		['an uneven patch', { model_type: 'clip', vision_config: { patch_size: 15 } }, /224 is not a multiple .* 15/],
		['grey images', { model_type: 'clip', vision_config: { num_channels: 1 } }, /num_channels is 1/],
		['two end tokens', { model_type: 'clip', text_config: { eos_token_id: [1, 2] } }, /eos_token_id/],
		['an end token outside', { model_type: 'clip', text_config: { vocab_size: 100 } }, /must be below vocab_size 100/],
		['a tower of text', { model_type: 'clip', text_config: 'x' }, /text_config/],
		['a tower of null in a dictionary', { model_type: 'clip', vision_config: { hidden_size: null } }, /hidden_size/],
	])('refuses %s', (_, config, message) => {
		expect(() => parseClipConfig(config)).toThrow(message)
	})
})
