import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { familyFixture, openClipFolder } from '../checkpoints/families.test.support.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { runCli, runJson } from './cli.test.helper.js'

const siglip = familyFixture('siglip')
const small = ['--data', 'cifar10-mini', '--limit', '10', '--epsilon', '4/255', '--set', 'steps=2']
const brief = ['--data', 'cifar10-mini', '--shots', '1', '--epochs', '1', '--batch-size', '10']
const prompts = ['--set', 'defense.options.textPrompts=2']

describe.each([
	['an open_clip folder', () => openClipFolder(), 'open_clip', 5],
	['a SigLIP folder', async () => siglip, 'siglip', 4],
])('%s', (_, place, family, tokens) => {
	it('is attacked, tuned with NAP, inspected and attacked again', async () => {
		const output = await temporaryFolder()
		const model = await place()
		const attacked = await runJson(['attack', '--model', model, ...small, '--output', output])
		expect(attacked.document).toMatchObject({
			images: 10,
			model: { family, source: model },
			defense: { name: 'vanilla' },
		})
		const run = join(output, 'nap')
		await runCli(['tune', '--model', model, '--defense', 'nap', ...brief, ...prompts, '--output', run, '--quiet'])
		const looked = await runJson(['inspect', run])
		const first = expect.objectContaining({ block: 0, tokens })
		expect(looked.document).toMatchObject({ model: { family }, trace: { image: expect.arrayContaining([first]) } })
		const evaluated = await runJson([
			'evaluate',
			join(output, 'nap'),
			'--limit',
			'10',
			'--attack',
			'pgd-100',
			'--set',
			'steps=2',
		])
		expect(evaluated.document).toMatchObject({ rows: [expect.anything(), expect.anything()] })
	})
})

describe('what a model of another family is refused for', () => {
	it('options that belong together', async () => {
		const [lonely, twice] = await Promise.all([
			runCli(['classify', 'x.png', '--architecture', 'ViT-B-32']),
			runCli(['attack', '--onnx', 'a.onnx', '--model', siglip, ...small]),
		])
		expect(lonely.stderr).toMatch(/--architecture describes a model; add --model/)
		expect(twice.stderr).toMatch(/either --onnx or --model/)
	})

	it('a start token that SigLIP has not', async () => {
		const run = join(await temporaryFolder(), 'sos')
		const set = ['--set', 'defense.options.textRefiner=sos', ...prompts]
		const { stderr } = await runCli(['tune', '--model', siglip, ...brief, ...set, '--output', run])
		expect(stderr).toMatch(/this model's texts have none/)
		expect(existsSync(join(run, 'run.json'))).toBe(false)
	})

	it('two configs in one folder: it says which was taken', async () => {
		const both = await openClipFolder()
		await writeFile(join(both, 'config.json'), '{"architecture": "vit_base_patch32_clip_224"}')
		const { stderr } = await runCli(['attack', '--model', both, ...small, '--output', await temporaryFolder()])
		expect(stderr).toMatch(/holds two configs; using open_clip_config\.json, because config\.json is not one of transf/)
	})
})
