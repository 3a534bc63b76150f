/** Writes the `config.json` of transformers for a CLIP whose config has another format. */

import type { ClipConfig, TransformerConfig } from './config.js'

/** For a CLIP with CLIP's own text tower, such as those of open_clip and OpenAI; `parseClipConfig` reads it back. */
export function clipConfigJson(config: ClipConfig): Readonly<Record<string, unknown>> {
	const { projectionDimension, text, vision } = config
	return {
		architectures: ['CLIPModel'],
		model_type: 'clip',
		projection_dim: projectionDimension,
		logit_scale_init_value: config.logitScaleInit ?? 2.6592,
		text_config: {
			...towerJson(text, projectionDimension),
			model_type: 'clip_text_model',
			max_position_embeddings: text.contextLength,
			vocab_size: text.vocabularySize,
			bos_token_id: text.bosTokenId,
			eos_token_id: text.endTokenId,
			pad_token_id: text.padTokenId ?? text.endTokenId,
		},
		vision_config: {
			...towerJson(vision, projectionDimension),
			model_type: 'clip_vision_model',
			image_size: vision.imageSize,
			patch_size: vision.patchSize,
			num_channels: vision.channels,
		},
	}
}

function towerJson(tower: TransformerConfig, projection: number): Record<string, unknown> {
	return {
		hidden_size: tower.width,
		intermediate_size: tower.mlpWidth,
		num_hidden_layers: tower.layers,
		num_attention_heads: tower.heads,
		hidden_act: tower.activation === 'gelu_tanh' ? 'gelu_pytorch_tanh' : tower.activation,
		layer_norm_eps: tower.layerNormEpsilon,
		projection_dim: projection,
	}
}
