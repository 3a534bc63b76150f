/** What docs/models.md says was tried, kind of model by kind of model: through jobs, on tiny checkpoints and pictures. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { encoderPair, familyFixture, openClipFolder, withNanoTokenizer } from '../checkpoints/families.test.support.js'
import { loadClip } from '../checkpoints/load-clip.js'
import { at, last } from '../core/at.js'
import { readSafetensorsTensors } from '../files/safetensors.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { attack } from '../jobs/attack.js'
import { distortion } from '../jobs/distortion.js'
import { evaluate } from '../jobs/evaluate.js'
import { exportModel } from '../jobs/export-model.js'
import { inspect } from '../jobs/inspect.js'
import { tune } from '../jobs/tune.js'
import { createEngine, type ModelEngine } from '../runtime/index.js'
import { writePhotos } from './cli.test.helper.js'

const pair = encoderPair()
const weak = { attack: 'pgd-20', set: { steps: 2 } } as const
const quick = { shots: 4, batchSize: 6, preset: 'precursor' } as const
const learning = { stopOnCollapse: false, optimizer: { learningRate: 0.01 } } as const

let engine: ModelEngine
let folder: string
let photos: string
beforeAll(async () => {
	engine = await createEngine({ threads: 1 })
	folder = await mkdtemp(join(tmpdir(), 'naptune-families-'))
	photos = join(folder, 'photos')
	await writePhotos(photos, undefined, 14)
	vi.stubEnv('NAPTUNE_CACHE', join(folder, 'cache'))
})
afterAll(async () => {
	vi.unstubAllEnvs()
	await engine.close()
	await rm(folder, { recursive: true, force: true })
})

const context = { engine: async () => engine }

async function tuned(
	model: string,
	defense: string,
	options: Readonly<Record<string, unknown>> = {},
	epochs = 8,
): Promise<string> {
	const output = join(await temporaryFolder(), defense)
	const set = { ...learning, defense: { options } }
	await tune({ model, data: photos, defense, output, epochs, ...quick, set }, context)
	return output
}

/** A place that says where a model is, and what its records and traces hold. */
interface Kind {
	readonly place: () => Promise<string>
	/** As in records. */
	readonly family: string | undefined
	readonly tokens: number
	/** The same kind as another one in other files: it is opened and trained, what follows does not differ. */
	readonly brief?: true
	/** Why it is not exported. */
	readonly refused?: RegExp
}

const kinds: Readonly<Record<string, Kind>> = {
	'open_clip, float32': { place: () => openClipFolder(), family: 'open_clip', tokens: 5 },
	'open_clip, a training checkpoint in half precision': {
		place: () => openClipFolder('open-clip-gelu'),
		family: 'open_clip',
		tokens: 5,
		refused: /resizes pictures by their longer edge, which preprocessor_config\.json cannot say/,
	},
	"OpenAI's TorchScript archive": { place: async () => withNanoTokenizer('openai.pt'), family: 'openai', tokens: 5 },
	"OpenAI's state dict": {
		place: async () => withNanoTokenizer('openai-state.pt'),
		family: 'openai',
		tokens: 5,
		brief: true,
	},
	'transformers, in shards': {
		place: async () => withNanoTokenizer('transformers/sharded'),
		family: undefined,
		tokens: 5,
		brief: true,
	},
	'transformers, two halves': {
		place: async () => {
			const half = (name: string) => familyFixture(`transformers/${name}-half`)
			return withNanoTokenizer('transformers/sharded', {
				'vision-weights': half('vision'),
				'text-weights': half('text'),
			})
		},
		family: undefined,
		tokens: 5,
		brief: true,
	},
	"an image tower of FARE's layout": {
		place: async () => `${await openClipFolder()}?vision-weights=${familyFixture('image-tower.pt')}`,
		family: 'open_clip',
		tokens: 5,
	},
	SigLIP: { place: async () => familyFixture('siglip'), family: 'siglip', tokens: 4 },
}

describe.each(Object.entries(kinds))('%s', (_, { place, family, tokens, brief = false, refused }) => {
	it('is attacked zero-shot, tuned with NAP, attacked again, and exported for its classes and for any', async () => {
		const model = await place()
		const zeroShot = await attack(
			{ model, data: photos, epsilon: 1 / 255, ...weak, output: await temporaryFolder() },
			context,
		)
		expect(zeroShot).toMatchObject({ model: { source: model, ...(family ? { family } : {}) } })
		const run = await tuned(model, 'nap', { textPrompts: 2, visualPrompts: 2 }, brief ? 1 : 8)
		const looked = await inspect({ run })
		expect(looked.model.family).toBe(family)
		expect(at(looked.trace.image, 0)).toMatchObject({ tokens, prompts: 2 })
		const measured = await evaluate({ run, ...weak, epsilon: 1 / 255 }, context)
		expect(measured.rows).toHaveLength(2)
		if (brief) return
		const own = last(measured.rows)
		expect(own.robust.accuracy).toBeGreaterThan(0.9)
		expect(at(measured.rows, 0).clean.accuracy).toBeLessThan(0.9)
		for (const task of ['classifier', 'zero-shot'] as const) {
			const exported = exportModel({ run, task, output: join(run, task) }, context)
			if (refused) {
				await expect(exported).rejects.toThrow(refused)
				continue
			}
			const { measured: file, graphs } = await exported
			expect(file.parity.relativeL2).toBeLessThan(1e-5)
			expect(file.parity.labelAgreement).toBe(1)
			expect(file.robust.accuracy).toBeGreaterThan(0.9)
			expect(graphs).toHaveLength(task === 'classifier' ? 1 : 3)
		}
	})

	it('learns with AdvPT-V', async () => {
		const run = await tuned(await place(), 'advpt-v')
		const { epochs, parameters } = await inspect({ run })
		expect(parameters.groups.map(({ name }) => name)).toEqual(['visual context'])
		const [first, end] = [at(epochs, 0), last(epochs)]
		expect(end.adversarialLoss).toBeLessThan(0.9 * (first.adversarialLoss ?? 0))
		for (const { data } of (await readSafetensorsTensors(join(run, 'parameters.safetensors'))).values()) {
			expect(new Set(data).size).toBeGreaterThan(1)
		}
	})
})

describe('layouts of transformers', () => {
	it('hold a CLIP of open_clip, whose config.json is made, with its context as added tokens', async () => {
		const run = await tuned(await openClipFolder(), 'coop', { textPrompts: 4 }, 16)
		const output = join(run, 'weights')
		const { measured } = await exportModel({ run, task: 'zero-shot', layout: 'transformers', output }, context)
		expect(measured.parity.relativeL2).toBeLessThan(1e-5)
		const { config } = await loadClip(output)
		expect(config.family).toBeUndefined()
		expect(config).toMatchObject({ projectionDimension: 20, text: { vocabularySize: 4612, endTokenId: 4607 } })
		expect(config.vision).toMatchObject({ width: 24, heads: 4, mlpWidth: 40, activation: 'quick_gelu' })
	})

	it('hold a SigLIP as graphs, not as weights', async () => {
		const run = await tuned(familyFixture('siglip'), 'coop', { textPrompts: 4 }, 16)
		const made = (layout: 'transformers' | 'transformers.js') =>
			exportModel({ run, task: 'zero-shot', layout, output: join(run, layout) }, context)
		const { graphs, text } = await made('transformers.js')
		expect(at(graphs, 0).inputs.map(({ name, shape }) => [name, at(shape, 1)])).toEqual([
			['input_ids', 16],
			['pixel_values', 3],
		])
		expect(text?.maxTokens).toBe(16)
		await expect(made('transformers')).rejects.toThrow(/holds the weights of a CLIPModel, and .*siglip is a SigLIP/)
	})
})

describe('a pair of ONNX encoders', () => {
	it('is attacked zero-shot, learns a text context, and is exported as a classifier', async () => {
		const zeroShot = await attack(
			{ model: pair, data: photos, epsilon: 1 / 255, ...weak, output: await temporaryFolder() },
			context,
		)
		expect(zeroShot).toMatchObject({ model: { family: 'encoders' } })
		const run = await tuned(pair, 'coop', { textPrompts: 4 })
		const { trace, parameters, epochs } = await inspect({ run })
		expect([trace.image, trace.text, parameters.frozen]).toEqual([[], [], 0])
		expect(last(epochs).cleanLoss).toBeLessThan(0.5 * (at(epochs, 0).cleanLoss ?? 0))
		const { measured } = await exportModel({ run, output: join(run, 'export') }, context)
		expect(measured.parity.relativeL2).toBeLessThan(1e-5)
		const defended = await evaluate({ run, ...weak, epsilon: 1 / 255, limit: 3, testTime: 'ttc' }, context)
		expect(defended.rows.some(({ testTime }) => testTime === 'ttc')).toBe(true)
		for (const layout of ['onnx', 'transformers'] as const) {
			const whole = exportModel({ run, task: 'zero-shot', layout, output: join(run, layout) }, context)
			await expect(whole).rejects.toThrow(/keeps its own in a file, which is an export already/)
		}
		await expect(distortion({ run, limit: 4, attack: 'pgd-20' }, context)).rejects.toThrow(/which gives none/)
	})

	it.each(['nap', 'advpt-v'])('is refused by %s, which needs tokens', async (defense) => {
		const options = defense === 'nap' ? { textPrompts: 2 } : {}
		await expect(tuned(pair, defense, options)).rejects.toThrow(/acts on tokens inside the towers/)
	})
})
