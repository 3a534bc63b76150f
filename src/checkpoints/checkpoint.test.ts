import {
	chmod,
	cp,
	mkdir,
	open,
	readdir,
	readFile,
	realpath,
	rename,
	rm,
	stat,
	symlink,
	truncate,
	utimes,
	writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, it } from 'vitest'
import { toFloat16, toFloat32 } from '../files/float-formats.js'
import {
	readSafetensorsHeader,
	readSafetensorsTensors,
	type TensorToWrite,
	type TensorWithData,
	writeSafetensors,
} from '../files/safetensors.js'
import { sha256OfFile } from '../files/sha256.js'
import { temporaryFolder, withoutSuperuser } from '../files/temporary-folder.test.helper.js'
import type { WeightReference } from '../vlm/weights.js'
import { loadCheckpoint } from './checkpoint.js'

const fixtures = fileURLToPath(new URL('../../fixtures/checkpoints/', import.meta.url))
const original = join(fixtures, 'tiny', 'model.safetensors')

let directory: string
let cacheDirectory: string
let weightsFile: string

beforeEach(async () => {
	const folder = await temporaryFolder()
	directory = join(folder, 'tiny')
	cacheDirectory = join(folder, 'cache')
	weightsFile = join(directory, 'model.safetensors')
	await cp(join(fixtures, 'tiny'), directory, { recursive: true })
})

const load = () => loadCheckpoint(directory, { cacheDirectory })

async function valuesAt({ file, offset, length }: WeightReference): Promise<Float32Array> {
	const handle = await open(file)
	const { buffer } = await handle.read(new Uint8Array(length), 0, length, offset)
	await handle.close()
	return new Float32Array(buffer.buffer)
}

async function originalValues(): Promise<Map<string, Float32Array>> {
	const tensors = await readSafetensorsTensors(original)
	return new Map([...tensors].map(([name, { data }]) => [name, new Float32Array(data.buffer)]))
}

/** Rewrites the weights after a change. */
async function rewrite(change: (tensors: Map<string, TensorWithData | TensorToWrite>) => void): Promise<void> {
	const tensors = new Map<string, TensorWithData | TensorToWrite>(await readSafetensorsTensors(original))
	change(tensors)
	await writeSafetensors(weightsFile, Object.fromEntries(tensors), { format: 'pt' })
}

const editJson = async (name: string, change: (json: Record<string, unknown>) => void) => {
	const path = join(directory, name)
	const json = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
	change(json)
	await writeFile(path, JSON.stringify(json))
}

describe('loadCheckpoint from a folder of float32', () => {
	it('refers to the weights where they lie', async () => {
		const checkpoint = await load()
		expect(checkpoint.sha256).toBe(await sha256OfFile(original))
		expect(checkpoint.revision).toBeUndefined()
		expect(checkpoint.tokenizerFile).toBe(join(directory, 'tokenizer.json'))
		expect(checkpoint.preprocessor.resize).toEqual({ kind: 'shortest-edge', shortestEdge: 8 })
		expect(checkpoint.config.vision).toMatchObject({ width: 12, imageSize: 8, activation: 'gelu' })
		const expected = await originalValues()
		expect(checkpoint.weights.size).toBe(expected.size)
		for (const [name, reference] of checkpoint.weights) {
			expect(reference.file).toBe(weightsFile)
			expect(await valuesAt(reference)).toEqual(expected.get(name))
		}
		await expect(readdir(cacheDirectory)).rejects.toThrow(/ENOENT/)
	})

	it('works in a read-only cache of symlinks, and writes nothing there', async () => {
		const blobs = join(directory, '..', 'blobs')
		const snapshot = join(directory, '..', 'snapshot')
		await rename(directory, blobs)
		await mkdir(snapshot)
		for (const name of await readdir(blobs)) await symlink(join('..', 'blobs', name), join(snapshot, name))
		await chmod(blobs, 0o555)
		await chmod(snapshot, 0o555)
		const { weights } = await withoutSuperuser(() => loadCheckpoint(snapshot, { cacheDirectory }))
		const { file } = weights.get('logit_scale')!
		expect(await realpath(file)).toBe(join(await realpath(blobs), 'model.safetensors'))
		await chmod(blobs, 0o755)
		await chmod(snapshot, 0o755)
	})

	it('ignores tensors that the model does not have', async () => {
		await rewrite((tensors) => {
			const data = BigInt64Array.of(0n, 1n)
			tensors.set('text_model.embeddings.position_ids', { dtype: 'I64', shape: [1, 2], data })
			tensors.set('mask', { dtype: 'F32', shape: [1], data: Float32Array.of(-Infinity) })
		})
		expect((await load()).weights.has('mask')).toBe(false)
	})

	it('joins shards of one folder', async () => {
		const tensors = [...(await readSafetensorsTensors(original))]
		const map: Record<string, string> = {}
		for (const [index, part] of [tensors.slice(0, 20), tensors.slice(20)].entries()) {
			const name = `model-0000${index + 1}-of-00002.safetensors`
			await writeSafetensors(join(directory, name), Object.fromEntries(part))
			for (const [tensor] of part) map[tensor] = name
		}
		await rm(weightsFile)
		await writeFile(`${weightsFile}.index.json`, JSON.stringify({ weight_map: map }))
		const { weights, sha256 } = await load()
		const expected = await originalValues()
		for (const [name, reference] of weights) {
			expect(reference.file).toBe(join(directory, map[name]!))
			expect(await valuesAt(reference)).toEqual(expected.get(name))
		}
		expect(sha256).toMatch(/^[0-9a-f]{64}$/)
		expect((await load()).sha256).toBe(sha256)
	})

	it('copies a file whose tensors are not aligned', async () => {
		// Headers need not be padded: old tools did not.
		const bytes = await readFile(original)
		const length = Number(bytes.readBigUInt64LE(0))
		const header = Buffer.from(`${bytes.toString('utf8', 8, 8 + length).trimEnd()}\n`.padEnd(length + 2))
		const prefix = Buffer.alloc(8)
		prefix.writeBigUInt64LE(BigInt(header.length))
		await writeFile(weightsFile, Buffer.concat([prefix, header, bytes.subarray(8 + length)]))
		const { weights, sha256 } = await load()
		const reference = weights.get('visual_projection.weight')!
		expect(reference.file).toBe(join(cacheDirectory, 'weights', `${sha256}.safetensors`))
		expect(reference.offset % 4).toBe(0)
		expect(await valuesAt(reference)).toEqual((await originalValues()).get('visual_projection.weight'))
	})
})

describe('loadCheckpoint with a conversion', () => {
	const inHalf = () =>
		rewrite((tensors) => {
			for (const [name, { shape, data }] of tensors) {
				tensors.set(name, { dtype: 'F16', shape, data: toFloat16(new Float32Array(data.buffer as ArrayBuffer)) })
			}
		})

	it('converts half precision once, and never touches the checkpoint', async () => {
		await inHalf()
		const before = await readdir(directory)
		const { weights, sha256 } = await load()
		expect(sha256).toBe(await sha256OfFile(weightsFile))
		const halves = await readSafetensorsTensors(weightsFile)
		for (const [name, reference] of weights) {
			expect(reference.file).toBe(join(cacheDirectory, 'weights', `${sha256}.safetensors`))
			expect(await valuesAt(reference)).toEqual(toFloat32('F16', halves.get(name)!.data))
		}
		expect(await readdir(directory)).toEqual(before)
		const file = weights.get('logit_scale')!.file
		await utimes(file, 1, 1)
		expect((await load()).weights).toEqual(weights)
		expect((await stat(file)).mtimeMs).toBe(1000)
	})

	it('converts bfloat16 and float64', async () => {
		await rewrite((tensors) => {
			for (const [name, { shape, data }] of tensors) {
				const values = new Float32Array(data.buffer as ArrayBuffer)
				const dtype = name.startsWith('text') ? 'BF16' : 'F64'
				const bits = new Uint32Array(values.buffer)
				const converted = dtype === 'F64' ? Float64Array.from(values) : Uint16Array.from(bits, (word) => word >>> 16)
				tensors.set(name, { dtype, shape, data: converted })
			}
		})
		const { weights } = await load()
		const expected = await originalValues()
		expect(await valuesAt(weights.get('visual_projection.weight')!)).toEqual(expected.get('visual_projection.weight'))
		const truncated = new Uint32Array(expected.get('text_projection.weight')!.slice().buffer).map(
			(word) => word & 0xffff0000,
		)
		expect(await valuesAt(weights.get('text_projection.weight')!)).toEqual(new Float32Array(truncated.buffer))
	})

	it('reads float32 and float16 files of PyTorch', async () => {
		const expected = await originalValues()
		await rm(weightsFile)
		for (const [name, round] of [
			['float32.bin', (values: Float32Array) => values],
			['float16.bin', (values: Float32Array) => toFloat32('F16', new Uint8Array(toFloat16(values).buffer))],
		] as const) {
			await cp(join(fixtures, 'pytorch', name), join(directory, 'pytorch_model.bin'))
			const { weights } = await load()
			expect(weights.size).toBe(expected.size)
			for (const [tensor, reference] of weights) {
				expect(await valuesAt(reference)).toEqual(round(expected.get(tensor)!))
			}
		}
	})

	it('makes the cached file again when it was damaged or cut off', async () => {
		await inHalf()
		const { weights, sha256 } = await load()
		const { file } = weights.get('logit_scale')!
		const intact = await readFile(file)
		const flipped = Buffer.from(intact)
		flipped[flipped.length - 1]! ^= 1
		for (const damaged of [flipped, intact.subarray(0, intact.length - 4), Buffer.alloc(0)]) {
			await writeFile(file, damaged)
			const notices: string[] = []
			const again = await loadCheckpoint(directory, { cacheDirectory, onNotice: (notice) => notices.push(notice) })
			expect(again.weights).toEqual(weights)
			expect(notices).toEqual([expect.stringContaining(`${file} was damaged`)])
			expect((await readFile(file)).equals(intact)).toBe(true)
		}
		await rm(join(cacheDirectory, 'weights', `${sha256}.sha256`))
		expect((await load()).weights).toEqual(weights)
		expect((await readdir(join(cacheDirectory, 'weights'))).sort()).toEqual([
			`${sha256}.safetensors`,
			`${sha256}.sha256`,
		])
	})

	it('says what to do where the cache cannot be written', async () => {
		await inHalf()
		await mkdir(cacheDirectory, { mode: 0o555 })
		await expect(withoutSuperuser(load)).rejects.toThrow(/converted to float32 once.*Set NAPTUNE_CACHE/)
		await rm(cacheDirectory, { recursive: true })
		await writeFile(cacheDirectory, 'a file')
		await expect(load()).rejects.toThrow(/cannot be stored in .*Set NAPTUNE_CACHE/)
	})

	it('refuses numbers that are too large for float32, and keeps nothing of them', async () => {
		await rewrite((tensors) => {
			tensors.set('logit_scale', { dtype: 'F64', shape: [], data: Float64Array.of(1e300) })
		})
		await expect(load()).rejects.toThrow(/not finite in float32 .* in logit_scale/)
		expect(await readdir(join(cacheDirectory, 'weights'))).toEqual([])
	})
})

describe('loadCheckpoint refuses', () => {
	it('weights that are not finite, by name', async () => {
		await rewrite((tensors) => {
			const { shape, data } = tensors.get('visual_projection.weight')!
			const values = new Float32Array(data.buffer as ArrayBuffer)
			values[3] = NaN
			tensors.set('visual_projection.weight', { dtype: 'F32', shape, data: values })
			tensors.set('logit_scale', { dtype: 'F32', shape: [], data: Float32Array.of(Infinity) })
		})
		await expect(load()).rejects.toThrow(
			/not finite .* in (logit_scale, visual|visual_projection\.weight, logit_scale)/,
		)
	})

	it('config and weights that disagree, all tensors at once', async () => {
		await rewrite((tensors) => {
			tensors.delete('logit_scale')
			tensors.set('text_projection.weight', { dtype: 'F32', shape: [8, 6], data: new Float32Array(48) })
			tensors.set('visual_projection.weight', { dtype: 'I32', shape: [6, 12], data: new Int32Array(72) })
		})
		const error = await load().catch((error: Error) => error)
		expect(String(error)).toMatch(/disagree about 3 of 46 tensors/)
		expect(String(error)).toMatch(/logit_scale is missing \(expected \[\]\)/)
		expect(String(error)).toMatch(/text_projection\.weight is \[8, 6\]; expected \[6, 8\]/)
		expect(String(error)).toMatch(/visual_projection\.weight is of type I32; expected F32, F16/)
	})

	it('a config of another size', async () => {
		await editJson('config.json', (json) => {
			Object.assign(json.vision_config as object, { num_hidden_layers: 3 })
		})
		await expect(load()).rejects.toThrow(/32 of 78 tensors:\n {2}vision_model\.encoder\.layers\.1\..*and 12 more/s)
	})

	it('a preprocessor of another size', async () => {
		await editJson('preprocessor_config.json', (json) => {
			json.crop_size = 224
		})
		await expect(load()).rejects.toThrow(/makes images of 224x224, but the model .* takes 8x8/)
	})

	it('truncated weights', async () => {
		await truncate(weightsFile, 5000)
		await expect(load()).rejects.toThrow(/truncated/)
	})

	it('a header that claims 2^60 bytes', async () => {
		const handle = await open(weightsFile, 'r+')
		const claim = Buffer.alloc(8)
		claim.writeBigUInt64LE(2n ** 60n)
		await handle.write(claim, 0, 8, 0)
		await handle.close()
		await expect(load()).rejects.toThrow(/claims a header of 1152921504606846976 bytes/)
	})

	it('a pickle that calls os.system, having executed nothing', async () => {
		await rm(weightsFile)
		await cp(join(fixtures, 'pytorch', 'hostile-os-system.bin'), join(directory, 'pytorch_model.bin'))
		await expect(load()).rejects.toThrow(/system.*Nothing was executed/)
		await expect(stat('naptune-was-here')).rejects.toThrow(/ENOENT/)
	})

	it('missing files, all at once', async () => {
		for (const name of ['config.json', 'tokenizer.json', 'preprocessor_config.json']) await rm(join(directory, name))
		await expect(load()).rejects.toThrow(/lacks config\.json and tokenizer\.json and preprocessor_config\.json/)
		await cp(join(fixtures, 'tiny'), directory, { recursive: true })
		await rm(weightsFile)
		await expect(load()).rejects.toThrow(/holds no weights; expected one of model\.safetensors/)
	})

	it('a file, a path and a name that cannot be a checkpoint', async () => {
		await expect(loadCheckpoint(weightsFile)).rejects.toThrow(/is a file with weights of transformers/)
		await expect(loadCheckpoint('./no/such/folder')).rejects.toThrow(/no folder \.\/no\/such\/folder/)
		await expect(loadCheckpoint('')).rejects.toThrow(/no folder/)
	})
})

describe('loadCheckpoint with the processor of transformers 5', () => {
	it('reads processor_config.json', async () => {
		const preprocessor: unknown = JSON.parse(await readFile(join(directory, 'preprocessor_config.json'), 'utf8'))
		const expected = (await load()).preprocessor
		await rm(join(directory, 'preprocessor_config.json'))
		await writeFile(join(directory, 'processor_config.json'), JSON.stringify({ image_processor: preprocessor }))
		expect((await load()).preprocessor).toEqual(expected)
		const { tensors } = await readSafetensorsHeader(weightsFile)
		expect(tensors.size).toBe(46)
	})
})

describe('the embedded model', () => {
	it('goes by its name from any folder, and is the one of the package', async () => {
		const { source, directory, sha256 } = await loadCheckpoint('nano')
		const packaged = fileURLToPath(new URL('../../models/nano', import.meta.url))
		expect(source).toBe('nano')
		expect(directory).toBe(packaged)
		expect(sha256).toBe((await loadCheckpoint(packaged)).sha256)
	})
})
