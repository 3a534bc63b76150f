import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isRecord } from '../core/guards.js'
import {
	readSafetensorsTensors,
	type TensorToWrite,
	type TensorWithData,
	writeSafetensors,
} from '../files/safetensors.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { familyFixture, openClipFolder, openFamily } from './families.test.support.js'

/** A folder's config with some of its fields changed. */
async function changed(
	folder: string,
	name: string,
	change: (config: Record<string, unknown>) => void,
): Promise<string> {
	const path = join(folder, name)
	const config: unknown = JSON.parse(await readFile(path, 'utf8'))
	if (isRecord(config)) change(config)
	await writeFile(path, JSON.stringify(config))
	return folder
}

/** Sets a field of the object that lies at these keys. */
function set(keys: readonly string[], field: string, value: unknown): (config: Record<string, unknown>) => void {
	return (config) => {
		const owner = keys.reduce<Record<string, unknown>>((inner, key) => inner[key] as Record<string, unknown>, config)
		owner[field] = value
	}
}

/** A folder of transformers with other weights. */
async function rewritten(
	folder: string,
	change: (tensors: Map<string, TensorWithData | TensorToWrite>) => void,
): Promise<string> {
	const path = join(folder, 'model.safetensors')
	const tensors = new Map<string, TensorWithData | TensorToWrite>(await readSafetensorsTensors(path))
	change(tensors)
	await writeSafetensors(path, Object.fromEntries(tensors))
	return folder
}

async function siglipFolder(): Promise<string> {
	const folder = join(await temporaryFolder(), 'siglip')
	await cp(familyFixture('siglip'), folder, { recursive: true })
	return folder
}

const openClip = (change: (config: Record<string, unknown>) => void) => async () =>
	changed(await openClipFolder(), 'open_clip_config.json', change)
const siglip = (change: (config: Record<string, unknown>) => void) => async () =>
	changed(await siglipFolder(), 'config.json', change)

describe('refused is', () => {
	it.each<readonly [string, () => Promise<string>, RegExp]>([
		[
			'a width that the weights have not',
			openClip(set(['model_cfg', 'vision_cfg'], 'width', 48)),
			/open_clip_model\.safetensors and the open_clip_config\.json of .* disagree about \d+ of \d+ tensors/,
		],
		[
			'a ResNet',
			openClip(set(['model_cfg', 'vision_cfg'], 'layers', [3, 4, 6, 3])),
			/ResNet as image tower.*--image-encoder/,
		],
		[
			'a tower of timm',
			openClip(set(['model_cfg', 'vision_cfg'], 'timm_model_name', 'vit_base_patch16_siglip_224')),
			/from timm .*google\/siglip-base-patch16-224/,
		],
		[
			'a text tower of transformers',
			openClip(set(['model_cfg', 'text_cfg'], 'hf_model_name', 'roberta-base')),
			/text tower from transformers/,
		],
		['a CoCa', openClip(set(['model_cfg'], 'multimodal_cfg', {})), /CoCa/],
		[
			'another pooling',
			openClip(set(['model_cfg', 'text_cfg'], 'pool_type', 'last')),
			/pool_type is "last", which makes it a different network/,
		],
		[
			'a rule of resizing that does not exist',
			openClip(set(['preprocess_cfg'], 'resize_mode', 'stretch')),
			/preprocess_cfg is not a usable config of open_clip: .*resize_mode/,
		],
		[
			'a tokenizer that is not there',
			async () => {
				const folder = await openClip(set(['model_cfg', 'text_cfg'], 'hf_tokenizer_name', 'own/bert'))()
				await rm(join(folder, 'tokenizer.json'))
				return folder
			},
			/lacks tokenizer\.json.*AutoTokenizer\.from_pretrained\("own\/bert"\)/,
		],
		[
			'an architecture beside a folder that has its own',
			async () => `${await openClipFolder()}?architecture=ViT-B-32`,
			/is a folder whose config states its architecture/,
		],
		['a SigLIP of variable resolution', siglip(set([], 'model_type', 'siglip2')), /NaFlex/],
		[
			'a SigLIP without the head of its images',
			siglip(set(['vision_config'], 'vision_use_head', false)),
			/vision_use_head is false/,
		],
		[
			'a SigLIP whose halves differ in width',
			siglip(set(['text_config'], 'projection_size', 16)),
			/texts have features of 16 numbers .* images of 24/,
		],
		[
			'a SigLIP without tokenizer.json',
			async () => {
				const folder = await siglipFolder()
				await rm(join(folder, 'tokenizer.json'))
				await writeFile(join(folder, 'spiece.model'), '')
				return folder
			},
			/lacks tokenizer\.json.*does not read its SentencePiece model.*save_pretrained/,
		],
		[
			'a SigLIP whose pictures get another size',
			async () =>
				changed(await siglipFolder(), 'preprocessor_config.json', set([], 'size', { height: 224, width: 224 })),
			/makes images of 224x224/,
		],
		[
			'an unknown architecture',
			async () => `${familyFixture('openai.pt')}?architecture=ViT-B-23`,
			/Did you mean ViT-B-32\?/,
		],
		[
			'an architecture of another size',
			async () => `${familyFixture('openai.pt')}?architecture=ViT-B-32`,
			/openai\.pt and the architecture ViT-B-32 disagree/,
		],
		[
			'a bare file that does not say what it is',
			async () => familyFixture('open-clip/open_clip_model.safetensors'),
			/without an architecture. Give one with --architecture: one of ViT-B-16/,
		],
		['half a model', async () => familyFixture('image-tower.pt'), /holds no image tower|does not say its architecture/],
		[
			'a tower of no CLIP',
			async () => `${await openClipFolder()}?vision-weights=${familyFixture('siglip/model.safetensors')}`,
			/lacks \d+ weights of the image tower/,
		],
		[
			'an image tower for texts',
			async () => `${await openClipFolder()}?text-weights=${familyFixture('image-tower.pt')}`,
			/image-tower\.pt lacks \d+ weights of the text tower/,
		],
		[
			'a text tower of another width',
			async () => `${await openClipFolder()}?text-weights=${familyFixture('transformers/text-half')}`,
			/lacks \d+ weights of the text tower/,
		],
		[
			'half a model',
			async () => familyFixture('transformers/vision-half'),
			/only one half of a CLIP.*Give the CLIP that it belongs to with --model, and this folder with --vision-weights/,
		],
		[
			'a vocabulary that nobody gave',
			async () => familyFixture('openai.pt'),
			/embeddings of 4608 tokens.*comes with the package, has 49408.*--tokenizer/,
		],
		[
			'a tokenizer file that is not there',
			async () => `${familyFixture('openai.pt')}?tokenizer=gone.json`,
			/gone\.json could not be read/,
		],
		[
			'a SigLIP whose weights lack the head of its texts',
			async () =>
				rewritten(await siglipFolder(), (tensors) => {
					for (const part of ['weight', 'bias']) tensors.delete(`text_model.head.${part}`)
				}),
			/text_model\.head\.weight is missing \(expected \[24, 16\]\)/,
		],
		[
			'a SigLIP with a number that is none',
			async () =>
				rewritten(await siglipFolder(), (tensors) => {
					tensors.set('logit_bias', { dtype: 'F32', shape: [1], data: Float32Array.of(Number.NaN) })
				}),
			/not finite in float32 \(NaN or infinity\) in logit_bias/,
		],
		[
			'a config that names an unknown architecture',
			openClip((config) => {
				config.model_cfg = 'ViT-B-23'
			}),
			/There is no architecture ViT-B-23; .*Did you mean ViT-B-32\?/,
		],
		[
			'a config that names an architecture of another size',
			openClip((config) => {
				config.model_cfg = 'ViT-B-32'
			}),
			/open_clip_model\.safetensors and the open_clip_config\.json of .* disagree/,
		],
		[
			'a file of an architecture without towers',
			async () => {
				const own = join(await temporaryFolder(), 'own.json')
				await writeFile(own, '{"embed_dim": 20}')
				return `${familyFixture('openai.pt')}?architecture=${own}`
			},
			/own\.json is not a usable config of open_clip.*vision_cfg.*text_cfg/,
		],
		[
			'a truncated archive',
			async () => {
				const path = join(await temporaryFolder(), 'cut.pt')
				const bytes = await readFile(familyFixture('openai-state.pt'))
				await writeFile(path, bytes.subarray(0, bytes.length / 2))
				return path
			},
			/cut\.pt is not a complete zip archive.*truncated/,
		],
		['a setting that does not exist', async () => 'nano?vision-weight=x.pt', /Did you mean vision-weights\?/],
		['a setting twice', async () => 'nano?architecture=a&architecture=b', /gives architecture twice/],
	])('%s', async (_, place, message) => {
		await expect(openFamily(await place())).rejects.toThrow(message)
	})

	it('a TorchScript archive that asks for more than modules', async () => {
		const path = join(await temporaryFolder(), 'hostile.pt')
		const bytes = await readFile(familyFixture('openai.pt'))
		const name = bytes.indexOf('c__torch__.')
		bytes.write('cos.system_', name)
		await writeFile(path, bytes)
		await expect(openFamily(path)).rejects.toThrow(/hostile\.pt was refused: it asks Python to use "os\.system_/)
	})
})
