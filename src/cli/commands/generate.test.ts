import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noise } from '../../classifier/graphs.test.support.js'
import { readAdversarialImages } from '../../evaluation/stores/adversarial-images.js'
import { sha256OfFile } from '../../files/sha256.js'
import { writeModel } from '../../onnx/files/index.js'
import { ops } from '../../onnx/index.js'
import { runCli, runJson, startCli, writePhotos, writeTinyModel } from '../cli.test.helper.js'

let folder: string
let data: string[]

/** A random classifier of three classes as a file: logits and, as a second output, its features. */
async function writeSurrogate(name: string, size: number, metadata: Readonly<Record<string, string>> = {}) {
	const pixels = ops.input('pixels', 'float32', ['B', 3, size, size])
	const weights = ops.literal(noise([16, 3 * size * size], `${name} first`, 0.3))
	const features = ops.quickGelu(ops.linear(ops.reshape(pixels, [-1, 3 * size * size]), weights, null))
	const logits = ops.linear(features, ops.literal(noise([3, 16], `${name} second`)), null)
	const path = join(folder, name)
	await writeModel(path, { logits, features: ops.reshape(features, [-1, 4, 2, 2]) })
	// A message of protocol buffers is continued by writing after its end; metadata is field 14 of key (1) and value (2).
	const field = (number: number, bytes: Buffer) => Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes])
	for (const [key, value] of Object.entries(metadata)) {
		await appendFile(path, field(14, Buffer.concat([field(1, Buffer.from(key)), field(2, Buffer.from(value))])))
	}
	return path
}
const own = (classNames: readonly string[]) => ({
	kind: 'naptune surrogate classifier',
	class_names: JSON.stringify(classNames),
	input_layout: 'NCHW',
	input_range: '[0, 1]',
	normalization: JSON.stringify({ inside: true }),
})

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-generate-'))
	await writeTinyModel(join(folder, 'model'))
	await writePhotos(join(folder, 'photos'))
	data = ['--model', join(folder, 'model'), '--data', join(folder, 'photos'), '--threads', '1']
	const classes = ['blue_thing', 'green_thing', 'red_thing']
	await writeSurrogate('a.onnx', 16, own(classes))
	await writeSurrogate('b.onnx', 12, own(classes))
	await writeSurrogate('swapped.onnx', 16, own([classes[1]!, classes[0]!, classes[2]!]))
	await writeSurrogate('foreign.onnx', 16)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const surrogates = (...names: readonly string[]) => names.flatMap((name) => ['--surrogate', join(folder, name)])

describe.concurrent('naptune generate', () => {
	it('makes images on surrogates of any size, and adds to them', async () => {
		const store = join(folder, 'images', 'cwa')
		const args = ['generate', store, ...surrogates('a.onnx', 'b.onnx'), ...data, '--set', 'steps=2', '--split', 'train']
		const first = await runJson([...args, '--limit', '3'])
		expect(first.code, first.stderr).toBe(0)
		expect(first.document).toMatchObject({ store, images: 3, made: 3, before: 0 })
		expect(first.stderr).not.toContain('note: a.onnx')
		const second = await runCli([...args, '--limit', '6', '--batch-size', '2'])
		expect(second.code, second.stderr).toBe(0)
		expect(second.stdout).toMatch(
			/^\d adversarial images made, [1-3] were there already: .*cwa\nmi-cwa, .*16\/255, seed 1, on a.onnx, b.onnx\n$/,
		)
		const { manifest, ids } = await readAdversarialImages(store)
		expect(ids.length).toBeGreaterThanOrEqual(6)
		expect(manifest.models).toMatchObject([
			{ name: 'a.onnx', sha256: await sha256OfFile(join(folder, 'a.onnx')) },
			{ name: 'b.onnx', sha256: await sha256OfFile(join(folder, 'b.onnx')) },
		])
		expect(manifest).toMatchObject({ imageShape: [3, 16, 16], preprocessing: { crop: { width: 16 } } })
	})

	it("works on a second output's features, and tells what it takes of a file that says nothing", async () => {
		const store = join(folder, 'images', 'ags')
		const args = [...surrogates('foreign.onnx'), ...data, '--attack', 'ags', '--set', 'steps=2']
		const [guessed, declared] = await Promise.all([
			runCli(['generate', store, ...args]),
			runCli(['generate', `${store}-2`, ...args, '--normalisation', 'none', '--epsilon', '4/255']),
		])
		expect(guessed.code, guessed.stderr).toBe(0)
		expect(guessed.stderr).toContain('note: foreign.onnx: foreign.onnx names no classes')
		expect(guessed.stderr).toContain('Guessed about the model')
		expect(declared.code, declared.stderr).toBe(0)
		expect(declared.stderr).not.toContain('Guessed about the model')
	})

	it('goes on after being killed', async () => {
		const store = join(folder, 'images', 'killed')
		const args = [
			'generate',
			store,
			...surrogates('a.onnx', 'b.onnx'),
			...data,
			'--split',
			'train',
			'--batch-size',
			'1',
		]
		const slow = [...args, '--attack', 'ssa-cwa', '--set', 'copies=10']
		const running = startCli(slow)
		await expect
			.poll(async () => (await readdir(store).catch(() => [])).length, { timeout: 60_000, interval: 5 })
			.toBeGreaterThan(2)
		running.process.kill('SIGKILL')
		await running.finished
		const left = (await readAdversarialImages(store)).ids
		expect(left.length).toBeGreaterThan(0)
		const { code, document, stderr } = await runJson([...slow, '--batch-size', '4'])
		expect(code, stderr).toBe(0)
		expect(document).toMatchObject({ before: left.length })
		const whole = await runJson([...slow.with(1, `${store}-whole`), '--batch-size', '4'])
		expect(whole.code).toBe(0)
		const [resumed, plain] = [await readAdversarialImages(store), await readAdversarialImages(`${store}-whole`)]
		const order = plain.ids.map((id) => resumed.position(id))
		expect(await resumed.pixels(order)).toEqual(await plain.pixels(plain.ids.map((_, position) => position)))
	})

	it('says what does not fit before it makes anything', async () => {
		const store = join(folder, 'images', 'refused')
		const cases = [
			[[...surrogates('swapped.onnx')], /same classes in another order: its class 0 is green_thing/],
			[[...surrogates('a.onnx', 'b.onnx'), '--attack', 'pgd-20'], /pgd-20 works on one surrogate; 2 were given/],
			[[...surrogates('nothing.onnx')], /Cannot read the model .*nothing.onnx/],
			[['--surrogate', join(folder, 'photos', 'red_thing', '0.png')], /0.png/],
			[[...surrogates('a.onnx'), '--set', 'stepz=3'], /stepz/],
		] as const
		for (const [args, message] of cases) {
			const { code, stderr } = await runCli(['generate', store, ...args, ...data])
			expect([code, stderr]).toEqual([1, expect.stringMatching(message)])
			expect(stderr).not.toContain('    at ')
		}
		expect(await readdir(store).catch(() => 'none')).toBe('none')
		expect((await runCli(['generate', store, ...data])).code).toBe(2)
	})
})
