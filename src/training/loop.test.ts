import { existsSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { entry } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { float32 } from '../core/tensor.js'
import { checksumPath } from '../files/checksum.js'
import { flipBit } from '../files/flip-bit.test.helper.js'
import { readSafetensorsHeader } from '../files/safetensors.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { type TrainingFollower, type TrainingTask, train } from './loop.js'
import { createOptimizerState, type OptimizerName } from './optimizers.js'
import { loadTensors, saveTensors } from './tensor-set.js'

interface Line {
	readonly step: number
	readonly epoch: number
	readonly loss: number
}
interface Own {
	readonly best: number
}

const targets = [3, -2, 0.5]

/** x towards the targets by least squares: four epochs of three steps, with a running average and the best loss so far. */
function leastSquares(
	folder: string,
	overrides: Partial<TrainingTask<Own, Line>> & { readonly spoil?: (step: number) => number } = {},
): TrainingTask<Own, Line> {
	const { spoil = () => 1, ...others } = overrides
	return {
		name: 'Fitting',
		engine: { memory: async () => ({ residentBytes: 1000, programs: [] }) },
		files: {
			state: join(folder, 'state.safetensors'),
			lastGood: join(folder, 'last-good.safetensors'),
			log: join(folder, 'log.jsonl'),
			usage: join(folder, 'usage.json'),
		},
		steps: 12,
		stepsPerEpoch: 3,
		optimizer: 'adamw',
		format: {
			parameters: new Map([['x', [3]]]),
			averages: { average: new Map([['x', [3]]]) },
			own: z.object({ best: z.number() }),
			identity: { problem: 'least squares' },
		},
		async start() {
			const parameters = { x: float32([3], [0, 0, 0]) }
			return {
				parameters,
				averages: { average: { x: float32([3], [0, 0, 0]) } },
				optimizer: createOptimizerState('adamw', parameters),
				sums: {},
				log: { length: 0 },
				usage: { seconds: 0, residentBytes: 0 },
				own: { best: 1e9 },
			}
		},
		async open(state) {
			const x = entry(state.parameters, 'x').data
			const average = entry(entry(state.averages, 'average'), 'x').data
			return {
				async step({ step }) {
					const errors = targets.map((target, index) => x[index]! - target)
					return {
						gradients: {
							x: float32(
								[3],
								errors.map((error) => 2 * error * spoil(step)),
							),
						},
						numbers: { loss: errors.reduce((sum, error) => sum + error ** 2, 0), steps: 1 },
						afterUpdate() {
							for (const [index, value] of x.entries()) average[index] = 0.5 * average[index]! + 0.5 * value
						},
					}
				},
				async close() {},
			}
		},
		update: ({ epoch }) => ({
			name: 'adamw',
			learningRate: 0.1 / (1 + epoch),
			betas: [0.9, 0.999],
			epsilon: 1e-8,
			weightDecay: 0.01,
		}),
		line: ({ sums: { loss = 0, steps = 0 } }, { step, epoch }) => ({ step, epoch, loss: loss / steps }),
		afterLine(state, { loss }) {
			state.own = { best: Math.min(state.own.best, loss) }
		},
		advice: 'Lower the rate.',
		...others,
	}
}

/** A follower that stops after so many steps of its process. */
function stopAfter(steps: number): TrainingFollower<Line> & { readonly seen: number[]; readonly saved: number[] } {
	const controller = new AbortController()
	const [seen, saved]: [number[], number[]] = [[], []]
	return {
		seen,
		saved,
		signal: controller.signal,
		onSaved: (count) => saved.push(count),
		onStep: (done) => {
			seen.push(done)
			if (seen.length === steps) controller.abort()
		},
	}
}

/** What a training ends with, without what it took. */
async function endOf(folder: string) {
	const tensors = await loadTensors(join(folder, 'state.safetensors'))
	const { metadata } = await readSafetensorsHeader(join(folder, 'state.safetensors'))
	const { usage: _, ...progress } = JSON.parse(metadata.progress!) as { usage: unknown }
	return { tensors, progress, log: await readFile(join(folder, 'log.jsonl'), 'utf8') }
}

describe('a training', () => {
	it('descends, and tells of steps, lines and saved states', async () => {
		const folder = await temporaryFolder()
		const [steps, lines, saved]: [number[], Line[], number[]] = [[], [], []]
		const { state, finished, savedSteps } = await train(leastSquares(folder), {
			onStep: (done, total, { loss }) => {
				steps.push(done)
				expect(total).toBe(12)
				expect(loss).toBeGreaterThan(0)
			},
			onLine: (line) => lines.push(line),
			onSaved: (count) => saved.push(count),
		})
		expect({ finished, savedSteps }).toEqual({ finished: true, savedSteps: 12 })
		expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
		expect(lines.map(({ step, epoch }) => [step, epoch])).toEqual([
			[2, 0],
			[5, 1],
			[8, 2],
			[11, 3],
		])
		expect(lines[3]!.loss).toBeLessThan(lines[0]!.loss)
		expect(state.own.best).toBe(lines[3]!.loss)
		expect(saved).toEqual([3, 6, 9, 12])
		expect(
			(await readFile(join(folder, 'log.jsonl'), 'utf8'))
				.trim()
				.split('\n')
				.map((line) => JSON.parse(line)),
		).toEqual(lines)
		expect((await readdir(folder)).sort()).toEqual([
			'log.jsonl',
			'log.jsonl.sha256',
			'state.safetensors',
			'state.safetensors.sha256',
		])
		// Finished, no step is taken again.
		const again = await train(leastSquares(folder), { onStep: () => expect.unreachable() })
		expect(again.finished).toBe(true)
		expect(again.state.parameters).toEqual(state.parameters)
	})

	it('ends in the same bytes wherever it is stopped, with every line once', async () => {
		const whole = await temporaryFolder()
		await train(leastSquares(whole))
		const expected = await endOf(whole)
		for (const stops of [[1], [3], [5], [2, 3, 4], [11], [1, 1, 1, 1, 1]]) {
			const folder = await temporaryFolder()
			let done = 0
			for (const steps of stops) {
				const follower = stopAfter(steps)
				const { finished, savedSteps } = await train(leastSquares(folder), follower)
				expect(finished).toBe(false)
				expect(follower.saved[0]).toBe(done === 0 ? follower.saved[0] : done)
				done += steps
				expect(savedSteps).toBe(done)
			}
			expect((await train(leastSquares(folder))).finished).toBe(true)
			expect(await endOf(folder)).toEqual(expected)
		}
	})

	it('saves nothing before its first step, and says so', async () => {
		const folder = await temporaryFolder()
		const { finished, savedSteps } = await train(leastSquares(folder), { signal: AbortSignal.abort() })
		expect({ finished, savedSteps }).toEqual({ finished: false, savedSteps: 0 })
		const closed = await train(leastSquares(folder, { open: async () => undefined }))
		expect(closed).toMatchObject({ finished: false, savedSteps: 0 })
		const half = await train(
			leastSquares(folder, { open: async () => ({ step: async () => undefined, close: async () => {} }) }),
		)
		expect(half).toMatchObject({ finished: false, savedSteps: 0 })
		expect(existsSync(join(folder, 'state.safetensors'))).toBe(false)
	})

	it('counts the time of all its processes', async () => {
		const folder = await temporaryFolder()
		const slow = leastSquares(folder)
		const first = await train(slow, stopAfter(4))
		const second = await train(slow)
		expect(second.state.usage.seconds).toBeGreaterThan(first.state.usage.seconds)
		expect(second.state.usage.residentBytes).toBe(1000)
	})

	it('has lines of other lengths than epochs, the last one shorter', async () => {
		const folder = await temporaryFolder()
		const lines: Line[] = []
		await train(leastSquares(folder, { stepsPerLine: 5 }), { onLine: (line) => lines.push(line) })
		expect(lines.map(({ step }) => step)).toEqual([4, 9, 11])
		const parts = await temporaryFolder()
		await train(leastSquares(parts, { stepsPerLine: 5 }), stopAfter(7))
		await train(leastSquares(parts, { stepsPerLine: 5 }))
		expect(await endOf(parts)).toEqual(await endOf(folder))
	})
})

describe('values that are not finite', () => {
	it.each([
		['gradient', { spoil: (step: number) => (step === 7 ? Number.NaN : 1) }, 'gradient of x'],
		[
			'new value',
			{
				update: ({ step }: { step: number }) => ({
					name: 'sgd' as const,
					learningRate: step === 7 ? 1e38 : 0.01,
					momentum: 0,
					nesterov: false,
					weightDecay: 0,
				}),
				spoil: (step: number) => (step === 7 ? 1e3 : 1),
			},
			'new value of x',
		],
	])('stop it before the %s is saved, with the last good state', async (_, overrides, what) => {
		const folder = await temporaryFolder()
		const broken = leastSquares(folder, overrides)
		const optimizer = 'update' in overrides ? 'sgd' : 'adamw'
		const promise = train({ ...broken, optimizer, start: startOf(broken, optimizer) })
		await expect(promise).rejects.toThrow(NaptuneError)
		await expect(promise).rejects.toThrow(
			new RegExp(
				`Fitting stopped in epoch 3 of 4, step 2 of 3: The ${what} is not finite.*Lower the rate\\. The last good state is kept in .*last-good\\.safetensors`,
			),
		)
		const { metadata } = await readSafetensorsHeader(join(folder, 'last-good.safetensors'))
		expect(JSON.parse(metadata.progress!)).toMatchObject({ step: 6 })
	})

	it('stop it before anything was saved', async () => {
		const folder = await temporaryFolder()
		await expect(train(leastSquares(folder, { spoil: () => Number.NaN }))).rejects.toThrow(
			/epoch 1 of 4, step 1 of 3.*No state was saved yet/,
		)
	})
})

/** The same start with another optimizer. */
function startOf(task: TrainingTask<Own, Line>, optimizer: OptimizerName) {
	return async () => {
		const state = await task.start()
		return { ...state, optimizer: createOptimizerState(optimizer, state.parameters) }
	}
}

describe('damage', () => {
	/** A training that was stopped in its third epoch. */
	async function stopped(): Promise<string> {
		const folder = await temporaryFolder()
		await train(leastSquares(folder), stopAfter(7))
		return folder
	}
	const end = async () => {
		const whole = await temporaryFolder()
		await train(leastSquares(whole))
		return endOf(whole)
	}

	it('of a state is named, with the last good one to go on from', async () => {
		const folder = await stopped()
		await flipBit(join(folder, 'state.safetensors'))
		await expect(train(leastSquares(folder))).rejects.toThrow(
			/state\.safetensors is damaged.*Remove state\.safetensors to resume from the last good state, last-good\.safetensors/,
		)
		await rm(join(folder, 'state.safetensors'))
		const seen = stopAfter(100)
		expect((await train(leastSquares(folder), seen)).finished).toBe(true)
		expect(seen.seen[0]).toBe(7)
		expect(await endOf(folder)).toEqual(await end())
	})

	it('of both states is named, and a new beginning ends the same', async () => {
		const folder = await stopped()
		for (const name of ['state', 'last-good']) await flipBit(join(folder, `${name}.safetensors`), 200)
		await expect(train(leastSquares(folder))).rejects.toThrow(/or remove state\.safetensors to start over/)
		await rm(join(folder, 'state.safetensors'))
		await expect(train(leastSquares(folder))).rejects.toThrow(/last-good\.safetensors is damaged.*Remove it/)
		await rm(join(folder, 'last-good.safetensors'))
		expect((await train(leastSquares(folder))).finished).toBe(true)
		expect(await endOf(folder)).toEqual(await end())
	})

	it('of a finished line of the log is named, by a resumed training and in a finished one', async () => {
		const folder = await stopped()
		const log = join(folder, 'log.jsonl')
		const good = await readFile(log, 'utf8')
		await flipBit(log, good.indexOf('loss') + 7)
		await expect(train(leastSquares(folder))).rejects.toThrow(
			/A finished line of the log .*log\.jsonl is not what was written/,
		)
	})

	it('cannot be seen in states of earlier versions, which is told', async () => {
		const folder = await stopped()
		await rm(checksumPath(join(folder, 'state.safetensors')))
		const notices: string[] = []
		await train(leastSquares(folder), { onNotice: (notice) => notices.push(notice) })
		expect(notices).toEqual([expect.stringMatching(/state\.safetensors has no checksum beside it/)])
		expect(await endOf(folder)).toEqual(await end())
	})
})

describe('states of earlier versions', () => {
	it('are gone on with, whatever they called their parts', async () => {
		const whole = await temporaryFolder()
		await train(leastSquares(whole))
		const expected = await endOf(whole)
		for (const metadata of [
			{ progress: { epochSums: true } },
			{ progress: { seconds: 12 } },
			{ step: true },
		] as const) {
			const folder = await temporaryFolder()
			await train(leastSquares(folder), stopAfter(6))
			const path = join(folder, 'state.safetensors')
			const { metadata: own } = await readSafetensorsHeader(path)
			const { step, logLength, best } = JSON.parse(own.progress!) as Record<string, number>
			const tensors = await loadTensors(path)
			const renamed = Object.fromEntries(
				Object.entries(tensors).map(([name, value]) => [name.replace('parameters/', 'weights/'), value]),
			)
			const usage = { seconds: 12, residentBytes: 3 }
			const earlier: Record<string, string> =
				'step' in metadata
					? { step: String(step), logLength: String(logLength) }
					: {
							progress: JSON.stringify(
								'seconds' in metadata.progress
									? { step, logLength, sums: {}, seconds: 12, best }
									: { step, logLength, epochSums: { loss: 0, steps: 0 }, usage, best },
							),
						}
			await rm(checksumPath(path))
			await saveTensors(path, renamed, earlier)
			const format = { ...leastSquares(folder).format, earlierNames: { weights: 'parameters' } }
			const task = leastSquares(folder, { format })
			const loose =
				'step' in metadata
					? { ...task, format: { ...format, own: z.object({ best: z.number().default(best!) }) } }
					: task
			const { finished, state } = await train(loose)
			expect(finished).toBe(true)
			if (!('step' in metadata)) expect(state.usage.seconds).toBeGreaterThan(12)
			expect(await endOf(folder)).toEqual(expected)
		}
	})

	it('are refused where they are not of this training', async () => {
		const folder = await temporaryFolder()
		await train(leastSquares(folder), stopAfter(2))
		const other = leastSquares(folder)
		const shapes = { ...other.format, parameters: new Map([['x', [4]]]) }
		await expect(train({ ...other, format: shapes })).rejects.toThrow(
			/not a saved state of this run: .*\/x is missing or not of shape \[4\]/,
		)
		const checked = {
			...other.format,
			checkIdentity: () => {
				throw new NaptuneError('NAP_INTERNAL', 'Of something else.')
			},
		}
		await expect(train({ ...other, format: checked })).rejects.toThrow('Of something else.')
		const strict = { ...other.format, own: z.object({ best: z.number(), worst: z.number() }) }
		await expect(train({ ...other, format: strict })).rejects.toThrow(/lack the progress of the run/)
	})
})
