import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { NaptuneError } from '../core/errors.js'
import { float32 } from '../core/tensor.js'
import type { ModelEngine } from '../runtime/index.js'
import { defineJob, type JobProgress, startTask } from './job.js'

const input = z.strictObject({ text: z.string(), times: z.int().min(1).default(2) })
const result = z.object({ text: z.string() })

const repeat = defineJob({
	name: 'repeat',
	doc: 'Repeats a text.',
	input,
	result,
	async run({ text, times }, context) {
		const task = startTask(context, 'repeating', times, 'times')
		for (let done = 1; done <= times; done++) task.update(done, `time ${done}`)
		task.end()
		task.update(times)
		return { text: text.repeat(times) }
	},
})

/** What a promise is rejected with. */
function reason(promise: Promise<unknown>): Promise<NaptuneError> {
	return promise.then(
		() => expect.unreachable('It should have failed.'),
		(error: NaptuneError) => error,
	)
}

describe('a job', () => {
	it('fills in defaults, gives its result and tells its progress', async () => {
		const told: JobProgress[] = []
		expect(await repeat({ text: 'ab' }, { onProgress: (progress) => told.push(progress) })).toEqual({ text: 'abab' })
		const task = { task: 'repeating', unit: 'times', total: 2 }
		expect(told).toEqual([
			{ ...task, done: 0, state: 'start' },
			{ ...task, done: 1, detail: 'time 1', state: 'update' },
			{ ...task, done: 2, detail: 'time 2', state: 'update' },
			{ ...task, done: 2, detail: 'time 2', state: 'end' },
		])
		expect([repeat.jobName, repeat.input, repeat.result]).toEqual(['repeat', input, result])
	})

	it('says what is wrong with its input, and what it knows', async () => {
		expect(await reason(repeat({ text: 'a', times: 0 }))).toMatchObject({
			code: 'NAP_OPTION_INVALID',
			message: expect.stringMatching(/input of repeat .*at times/s),
		})
		const wrong: object = { text: 'a', tims: 2 }
		expect(await reason(repeat(wrong as { text: string }))).toMatchObject({
			code: 'NAP_OPTION_UNKNOWN',
			message: expect.stringMatching(/"tims".*times/s),
		})
	})

	it('closes the engine that it had to make, and leaves one that it was given', async () => {
		const seen: ModelEngine[] = []
		const use = defineJob({
			name: 'use',
			doc: 'Takes an engine.',
			input: z.strictObject({}),
			result: z.object({}),
			async run(_, { engine }) {
				seen.push(await engine(), await engine())
				return {}
			},
		})
		await use({})
		const [first, second] = seen
		expect(first).toBe(second)
		expect(await reason((first as ModelEngine).upload(float32([1], [0])))).toMatchObject({
			message: expect.stringContaining('closed'),
		})
		const given = { device: 'cpu' } as ModelEngine
		await use({}, { engine: async () => given })
		expect(seen[2]).toBe(given)
	})
})

describe('the signal of a job', () => {
	const never = new Promise<never>(() => {})
	/** Does something without end, after so many steps. */
	const endless = (work: (context: { readonly step: () => void; readonly stepDone: () => void }) => Promise<void>) =>
		defineJob({
			name: 'endless',
			doc: 'Works without end.',
			input: z.strictObject({}),
			result: z.object({}),
			async run(_, context) {
				const task = startTask(context, 'working', 10, 'steps')
				await work({ step: () => task.update(1), stepDone: task.end })
				return {}
			},
		})

	it('ends it at once where it came before', async () => {
		const job = endless(() => never)
		expect(await reason(job({}, { signal: AbortSignal.abort() }))).toMatchObject({ code: 'NAP_STOPPED' })
	})

	it('ends what cannot be asked, such as loading', async () => {
		const controller = new AbortController()
		const running = endless(() => never)({}, { signal: controller.signal })
		controller.abort()
		expect(await reason(running)).toMatchObject({ code: 'NAP_STOPPED' })
	})

	it('waits for the step under way, and not for what comes after the steps', async () => {
		const controller = new AbortController()
		let saved = false
		const job = endless(async ({ step, stepDone }) => {
			step()
			controller.abort()
			await new Promise((resolve) => setTimeout(resolve, 1500))
			saved = true
			stepDone()
			await never
		})
		expect(await reason(job({}, { signal: controller.signal }))).toMatchObject({ code: 'NAP_STOPPED' })
		expect(saved).toBe(true)
	})
})
