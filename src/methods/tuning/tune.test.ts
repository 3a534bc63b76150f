import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadClip } from '../../checkpoints/load-clip.js'
import { NaptuneError } from '../../core/errors.js'
import { initialParameters } from '../../defenses/defense.js'
import { readJsonLines } from '../../files/json-lines.js'
import { sha256OfFile } from '../../files/sha256.js'
import { temporaryFolder, withoutSuperuser } from '../../files/temporary-folder.test.helper.js'
import { createEngine, type ModelEngine } from '../../runtime/index.js'
import { loadState } from '../../training/state.js'
import { loadTensors } from '../../training/tensor-set.js'
import { tuningFormat } from './run-state.js'
import { tinyClip, tinyDataset, tinyTuning, writeTinyCheckpoint } from './tiny.test.support.js'
import { type EpochRecord, type TuneInput, type TuningProgress, tune } from './tune.js'

describe('tune', () => {
	let engine: ModelEngine
	beforeAll(async () => {
		engine = await createEngine({ threads: 1 })
	})
	afterAll(() => engine.close())

	/** A run in a new folder. */
	async function inputs(overrides: Readonly<Record<string, unknown>> = {}): Promise<TuneInput> {
		const folder = await temporaryFolder()
		const clip = await tinyClip(join(folder, 'model'))
		return { engine, clip, dataset: tinyDataset(), config: tinyTuning(overrides), output: join(folder, 'run') }
	}
	/** What a file of states says, its tensors left out. */
	const stateIn = async (folder: string, file: string) => {
		const path = join(folder, file)
		const format = { ...tuningFormat({ parameters: new Map() }), optimizer: 'adamw', path, lastGoodPath: path } as const
		return (await loadState(format))!.state
	}
	const json = async (folder: string, file: string) => JSON.parse(await readFile(join(folder, file), 'utf8'))

	it('changes the parameters, writes what it did, and leaves CLIP as it was', async () => {
		const folder = await temporaryFolder()
		const model = join(folder, 'model')
		await writeTinyCheckpoint(model)
		const weights = join(model, 'model.safetensors')
		const before = await sha256OfFile(weights)
		await chmod(model, 0o555)
		await mkdir(join(folder, 'runs'))
		await chmod(join(folder, 'runs'), 0o777)
		const output = join(folder, 'runs', 'first')
		const epochs: EpochRecord[] = []
		const progress: TuningProgress[] = []
		const result = await withoutSuperuser(async () =>
			tune({
				engine,
				clip: await loadClip(model),
				dataset: tinyDataset(),
				config: tinyTuning(),
				output,
				onEpoch: (record) => epochs.push(record),
				onProgress: (state) => progress.push(state),
			}),
		)
		expect(result.finished).toBe(true)
		expect(await sha256OfFile(weights)).toBe(before)
		expect(epochs.map(({ epoch, images }) => [epoch, images])).toEqual([
			[0, 12],
			[1, 12],
			[2, 12],
		])
		expect(epochs.map(({ learningRate }) => learningRate)).toEqual([
			1e-4,
			2e-3,
			2e-3 * 0.5 * (1 + Math.cos(Math.PI / 3)),
		])
		expect((await readJsonLines(join(output, 'log.jsonl'))).records).toEqual(epochs)
		expect(progress.map(({ imagesDone }) => imagesDone)).toEqual([4, 6, 10, 12, 16, 18, 22, 24, 28, 30, 34, 36])
		expect(progress.every(({ imagesTotal }) => imagesTotal === 36)).toBe(true)

		const initial = await initialParameters(result.defense, 1)
		const final = await loadTensors(join(output, 'parameters.safetensors'))
		expect(Object.keys(final).sort()).toEqual([...result.defense.parameters.keys()].sort())
		for (const [name, { data }] of Object.entries(final)) {
			expect(data).toEqual(result.parameters[name]!.data)
			expect(data, name).not.toEqual(initial[name]!.data)
		}
		const record = await json(output, 'result.json')
		expect(record.parametersSha256).toBe(await sha256OfFile(join(output, 'parameters.safetensors')))
		expect(record).toMatchObject({ optimizerSteps: 6, residentBytes: result.residentBytes, seconds: result.seconds })
		expect(result.residentBytes).toBeGreaterThan(50e6)
		expect(result.residentBytes).toBeLessThan(4e9)
		expect(await json(output, 'run.json')).toMatchObject({
			model: { sha256: before },
			training: { images: 12 },
			engine: { device: engine.device, threads: 1, version: engine.version },
		})
	})

	it('stops when asked to, in the middle of a step, and goes on to the same result', async () => {
		const whole = await inputs()
		await tune(whole)
		const stopped = await inputs()
		const stop = new AbortController()
		const seen: number[] = []
		const onProgress = ({ imagesDone }: TuningProgress) => {
			seen.push(imagesDone)
			if (imagesDone === 22) stop.abort()
		}
		expect((await tune({ ...stopped, signal: stop.signal, onProgress })).finished).toBe(false)
		expect(seen.at(-1)).toBe(22)
		expect((await tune({ ...stopped, signal: AbortSignal.abort(), resume: true })).finished).toBe(false)
		const onEpoch = ({ epoch }: EpochRecord) => seen.push(epoch)
		expect((await tune({ ...stopped, resume: true, onEpoch })).finished).toBe(true)
		expect(seen.slice(-2)).toEqual([1, 2])
		for (const file of ['parameters.safetensors', 'log.jsonl']) {
			expect(await readFile(join(stopped.output, file))).toEqual(await readFile(join(whole.output, file)))
		}
		// Once finished there is nothing to do again.
		const again = await tune({ ...stopped, resume: true, onProgress: () => expect.unreachable() })
		expect(again.finished).toBe(true)
	})

	it('takes a batch larger than the data as one step per epoch', async () => {
		const input = await inputs({ batchSize: 512, epochs: 2 })
		await tune(input)
		const { records } = await readJsonLines(join(input.output, 'log.jsonl'))
		expect(records).toMatchObject([{ images: 12 }, { images: 12 }])
		expect(await json(input.output, 'result.json')).toMatchObject({ optimizerSteps: 2 })
	})

	it('resumes only what is the same, and says what is not', async () => {
		const input = await inputs({ epochs: 1 })
		await tune(input)
		const refused = async (change: Partial<TuneInput>, message: RegExp) => {
			const promise = tune({ ...input, resume: true, ...change })
			await expect(promise).rejects.toThrow(NaptuneError)
			await expect(promise).rejects.toThrow(message)
		}
		await refused({ resume: false }, /already holds a run.*--resume/)
		await refused(
			{ config: tinyTuning({ epochs: 1, optimizer: { learningRate: 0.1 }, shots: 3 }) },
			/differs in .*training\.images \(9, was 12\).*config\.shots \(3, was 4\).*config\.optimizer\.learningRate \(0\.1, was 0\.002\)/,
		)
		const other = await tinyClip(join(await temporaryFolder(), 'other'), 2)
		await refused({ clip: other }, /differs in model\.sha256[;,]/)
		await refused({ dataset: tinyDataset(['cat', 'dog', 'train']) }, /differs in model\.promptIds, dataset\.classNames/)
		const geometry = { ...input.clip.config, vision: { ...input.clip.config.vision, activation: 'gelu' as const } }
		await refused(
			{ clip: { ...input.clip, config: geometry } },
			/model\.geometry\.vision\.activation \("gelu", was "quick_gelu"\)/,
		)
		const threads = await createEngine({ threads: 2 })
		// What is finished can be read by any engine; what is not would end in other bytes.
		expect((await tune({ ...input, engine: threads, resume: true })).finished).toBe(true)
		await rm(join(input.output, 'result.json'))
		await refused({ engine: threads }, /differs in engine\.threads \(2, was 1\);/)
		await threads.close()
		// The same model in another place is the same model.
		const moved = await tinyClip(join(await temporaryFolder(), 'moved'))
		expect((await tune({ ...input, clip: moved, resume: true })).finished).toBe(true)
	})

	it('leaves folders with other things alone, and says when a run is damaged', async () => {
		const input = await inputs({ epochs: 1 })
		await mkdir(input.output)
		await writeFile(join(input.output, 'thesis.tex'), 'precious')
		for (const resume of [true, false]) {
			await expect(tune({ ...input, resume })).rejects.toThrow(/not empty and holds no run/)
		}
		expect(await readFile(join(input.output, 'thesis.tex'), 'utf8')).toBe('precious')

		const run = await inputs({ epochs: 1 })
		await tune(run)
		const parameters = await readFile(join(run.output, 'parameters.safetensors'))
		await writeFile(join(run.output, 'parameters.safetensors'), await readFile(join(run.output, 'state.safetensors')))
		await expect(tune({ ...run, resume: true })).rejects.toThrow(/fingerprints differ/)
		await rm(join(run.output, 'result.json'))
		await writeFile(join(run.output, 'state.safetensors'), parameters)
		await expect(tune({ ...run, resume: true })).rejects.toThrow(/state\.safetensors is damaged/)
		await rm(join(run.output, 'state.safetensors.sha256'))
		await expect(tune({ ...run, resume: true })).rejects.toThrow(/not a saved state of this run/)
		await writeFile(join(run.output, 'run.json'), '{')
		await expect(tune({ ...run, resume: true })).rejects.toThrow(/run\.json is not valid JSON/)
	})

	it('refuses data without training images, and defenses that learn nothing', async () => {
		const input = await inputs()
		await expect(tune({ ...input, dataset: tinyDataset(['a', 'b'], { train: 0 }) })).rejects.toThrow(
			/no training images/,
		)
		const vanilla = tinyTuning()
		await expect(tune({ ...input, config: { ...vanilla, defense: { name: 'vanilla', options: {} } } })).rejects.toThrow(
			/learns nothing/,
		)
	})

	it('stops before values that are not finite reach the disk', async () => {
		const input = await inputs({
			epochs: 6,
			optimizer: { learningRate: 1e38, warmupRate: 1e-4 },
			defense: { options: { refinerInit: 'zero-last' } },
		})
		const promise = tune(input)
		await expect(promise).rejects.toThrow(NaptuneError)
		await expect(promise).rejects.toThrow(/Tuning stopped in epoch \d of 6, step \d of 2: .*not finite.*[Ll]ower/)
		const error = (await promise.catch((caught: unknown) => caught)) as Error
		const kept = /The last good state is kept in .*\/(\S+\.safetensors)\.$/.exec(error.message)?.[1]
		const state = await stateIn(input.output, kept!)
		expect(state.optimizer.step).toBeGreaterThanOrEqual(2)
		const tensors = await loadTensors(join(input.output, kept!))
		for (const { data } of Object.values(tensors)) expect(data.every(Number.isFinite)).toBe(true)
		await expect(readFile(join(input.output, 'parameters.safetensors'))).rejects.toThrow(/ENOENT/)
	})

	it('says when a run has collapsed, and keeps the state before', async () => {
		const input = await inputs({
			epochs: 20,
			shots: 12,
			batchSize: 4,
			// The warm-up epoch learns, the next ones throw it away.
			optimizer: { learningRate: 30, warmupRate: 0.02 },
			defense: { options: { refinerInit: 'zero-last' } },
			augmentation: 'none',
			stopOnCollapse: true,
		})
		const dataset = tinyDataset(undefined, { train: 12 })
		const records: EpochRecord[] = []
		const promise = tune({ ...input, dataset, onEpoch: (record) => records.push(record) })
		await expect(promise).rejects.toThrow(
			/Tuning stopped in epoch \d+ of 20, step 9 of 9: The run collapsed: in its last 5 epochs.*ln 3 = 1\.099.*Lower optimizer\.learningRate.*kept in .*last-good\.safetensors/,
		)
		expect(records.length).toBeLessThan(20)
		const good = await stateIn(input.output, 'last-good.safetensors')
		expect(good.own.history).toEqual({ epochsAtChance: 0, learned: true })
		expect(good.optimizer.step).toBe(9 * (records.length - 5))
		await expect(readFile(join(input.output, 'parameters.safetensors'))).rejects.toThrow(/ENOENT/)
	})
})
