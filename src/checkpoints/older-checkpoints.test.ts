import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, it } from 'vitest'
import { entry } from '../core/at.js'
import { readSafetensorsTensors, writeSafetensors } from '../files/safetensors.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { loadClip } from './load-clip.js'

const nano = fileURLToPath(new URL('../../models/nano', import.meta.url))
let directory: string
let cacheDirectory: string
const notices: string[] = []

beforeEach(async () => {
	const folder = await temporaryFolder()
	directory = join(folder, 'nano')
	cacheDirectory = join(folder, 'cache')
	await cp(nano, directory, { recursive: true })
	notices.length = 0
})

const load = () => loadClip(directory, { cacheDirectory, onNotice: (notice) => notices.push(notice) })

async function renamed(change: (name: string) => string): Promise<void> {
	const tensors = await readSafetensorsTensors(join(directory, 'model.safetensors'))
	const entries = [...tensors].map(([name, tensor]) => [change(name), tensor])
	await writeSafetensors(join(directory, 'model.safetensors'), Object.fromEntries(entries), { format: 'pt' })
}

/** Names of all weights, and the bytes of two of them. */
async function valuesOf({ checkpoint: { weights } }: Awaited<ReturnType<typeof load>>): Promise<unknown> {
	const bytes = ['logit_scale', 'visual_projection.weight'].map(async (name) => {
		const { file, offset, length } = entry(weights, name)
		return (await readFile(file)).subarray(offset, offset + length).toString('hex')
	})
	return [[...weights.keys()], await Promise.all(bytes)]
}

describe('a checkpoint with vocab.json and merges.txt', () => {
	it('has the ids of the one with tokenizer.json', async () => {
		const published = await load()
		const { model } = JSON.parse(await readFile(join(directory, 'tokenizer.json'), 'utf8'))
		await writeFile(join(directory, 'vocab.json'), JSON.stringify(model.vocab))
		const merges = model.merges.map((pair: string | string[]) => (Array.isArray(pair) ? pair.join(' ') : pair))
		await writeFile(join(directory, 'merges.txt'), `#version: 0.2\n${merges.join('\n')}\n`)
		await rm(join(directory, 'tokenizer.json'))
		const clip = await load()
		const text = 'a photo of a red-nosed caf\u00e9 owner, 12 times'
		expect(clip.tokenizer.encode(text)).toEqual(published.tokenizer.encode(text))
		expect(clip.tokenizer.paddingId).toBe(published.tokenizer.paddingId)
		await rm(join(directory, 'merges.txt'))
		await expect(load()).rejects.toThrow(
			/lacks tokenizer\.json\. .* tokenizer\.json \(or vocab\.json and merges\.txt\)/,
		)
	})
})

describe('weights with something before every name', () => {
	it.each(['module.', 'clip.', '_orig_mod.', 'model.', 'module._orig_mod.model.'])(
		'lose %s, which is said once',
		async (prefix) => {
			const before = await valuesOf(await load())
			await renamed((name) => prefix + name)
			const clip = await load()
			expect(notices).toEqual([
				`The weights of ${directory} have the prefix ${JSON.stringify(prefix)} on every name; ignoring it.`,
			])
			expect(await valuesOf(clip)).toEqual(before)
		},
	)

	it('keep a name that means something else', async () => {
		await renamed((name) => `student.${name}`)
		await expect(load()).rejects.toThrow(/is missing/)
		expect(notices).toEqual([])
	})

	it('may lack some, which is still said', async () => {
		await renamed((name) => (name === 'visual_projection.weight' ? name : `module.${name}`))
		const { checkpoint } = await load()
		expect(checkpoint.weights.has('visual_projection.weight')).toBe(true)
		await renamed((name) => (name === 'module.text_projection.weight' ? 'module.other' : name))
		await expect(load()).rejects.toThrow(/1 of \d+ tensors:\s+text_projection\.weight is missing/)
	})
})
