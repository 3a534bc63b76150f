/** The files of an export beside its graphs and its description, by layout. */

import type { ExportLayout, ExportTask } from '../../records/export.js'
import type { ClipModel } from '../../vlm/model.js'
import { type ExportFile, jsonFile, textFile } from '../model-message.js'
import { preprocessorJson } from '../preprocessor.js'
import { browserExample, webRuntime } from './browser-example.js'
import { nodeExample, zeroShotNodeExample } from './node-example.js'

/** Where the graph of a classifier lies. */
export function classifierPath(layout: ExportLayout, suffix: string): string {
	return layout === 'onnx' ? 'model.onnx' : `onnx/model${suffix}.onnx`
}

/** Version of onnxruntime-web that the page of an export loads: that of this package. */
export const webVersion = '1.30.0'

/** Of a classifier: names, preparation, and what the layout's programs need. */
export function classifierFiles(
	layout: ExportLayout,
	{ clip, classNames }: { readonly clip: ClipModel; readonly classNames: readonly string[] },
): ExportFile[] {
	const shared = [
		jsonFile('labels.json', classNames),
		jsonFile('preprocessor_config.json', preprocessorJson(clip.checkpoint.preprocessor)),
	]
	if (layout === 'onnx') {
		return [...shared, ...exampleFiles('classifier')]
	}
	return [...shared, jsonFile('config.json', vitConfig(clip, classNames)), ...(layout === 'hub' ? [gitAttributes] : [])]
}

/** Programs of layout `onnx` that run as they are. */
export function exampleFiles(task: ExportTask): ExportFile[] {
	return [
		textFile('classify.mjs', task === 'classifier' ? nodeExample : zeroShotNodeExample),
		textFile('index.html', browserExample(webRuntime(webVersion), task)),
	]
}

/** What transformers.js takes an image classifier by: a ViT. It reads names from it, and nothing of how the graph is built. */
function vitConfig({ config }: ClipModel, classNames: readonly string[]): Readonly<Record<string, unknown>> {
	const { vision } = config
	return {
		architectures: ['ViTForImageClassification'],
		model_type: 'vit',
		id2label: Object.fromEntries(classNames.map((name, index) => [index, name])),
		label2id: Object.fromEntries(classNames.map((name, index) => [name, index])),
		image_size: vision.imageSize,
		patch_size: vision.patchSize,
		num_channels: 3,
		hidden_size: vision.width,
		intermediate_size: vision.mlpWidth,
		num_hidden_layers: vision.layers,
		num_attention_heads: vision.heads,
		hidden_act: vision.activation,
		layer_norm_eps: vision.layerNormEpsilon,
	}
}

/** Which files the hub stores outside of git. */
export const gitAttributes: ExportFile = textFile(
	'.gitattributes',
	['*.onnx', '*.onnx_data', '*.safetensors'].map((name) => `${name} filter=lfs diff=lfs merge=lfs -text\n`).join(''),
)
