import { existsSync } from 'node:fs'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { NaptuneError } from '../core/errors.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { informative } from './informative.js'
import { recordKind, writeRecord } from './record-kind.js'
import { resumable, type WorkLog } from './resumable.js'

const kind = recordKind({
	title: 'a sum',
	doc: 'A sum.',
	advice: 'Add again.',
	settings: { upTo: z.int(), source: informative(z.string()) },
	found: { sum: z.number(), seconds: z.number() },
})
const line = z.strictObject({ number: z.int() })
const settings = { upTo: 5, source: 'here' }

let path: string
beforeEach(async () => {
	path = join(await temporaryFolder(), 'sums', 'sum.json')
})

/** Adds the numbers that are not in the log; stops before one. */
function adding(own: typeof settings, done: number[], stopBefore?: number) {
	return async ({ earlier, append }: WorkLog<typeof line>) => {
		const numbers = earlier.map(({ number }) => number)
		for (let number = numbers.length + 1; number <= own.upTo; number++) {
			if (number === stopBefore) return undefined
			await append([{ number }])
			done.push(number)
			numbers.push(number)
		}
		return { ...own, sum: numbers.reduce((sum, number) => sum + number, 0), seconds: 1 }
	}
}

function add(own: typeof settings, done: number[] = [], stopBefore?: number) {
	const log = { suffix: '.log.jsonl', line }
	return resumable(kind, { path, settings: own, log, work: adding(own, done, stopBefore) })
}

describe('resumable', () => {
	it('counts the time of all processes that had a part in the work', async () => {
		const log = { suffix: '.log.jsonl', line }
		const pause = () => new Promise((resolve) => setTimeout(resolve, 60))
		const part = (finish: boolean) =>
			resumable(kind, {
				path,
				settings,
				log,
				async work({ append, seconds }) {
					await pause()
					await append([{ number: 1 }])
					return finish ? { ...settings, sum: 1, seconds: seconds() } : undefined
				},
			})
		expect(await part(false)).toBeUndefined()
		expect(await part(false)).toBeUndefined()
		const record = await part(true)
		expect(record?.seconds).toBeGreaterThan(0.17)
	})

	it('does the work once, and leaves nothing but the record', async () => {
		const done: number[] = []
		const record = await add(settings, done)
		expect(record).toEqual({ ...settings, sum: 15, seconds: 1 })
		expect(await readFile(path, 'utf8')).toBe(`${JSON.stringify(record, null, '\t')}\n`)
		const { mtimeMs } = await stat(path)
		expect(await add(settings, done)).toEqual(record)
		// What decides nothing may differ; the record stays as it is.
		expect(await add({ ...settings, source: 'there' }, done)).toEqual(record)
		expect(done).toEqual([1, 2, 3, 4, 5])
		expect((await stat(path)).mtimeMs).toBe(mtimeMs)
		expect(await readdir(dirname(path))).toEqual(['sum.json'])
		// Lines that a process left that was killed right after it wrote the record.
		await writeFile(`${path}.log.jsonl`, '{"number": 1}\n{"num')
		expect(await add(settings, done)).toEqual(record)
		expect(await readdir(dirname(path))).toEqual(['sum.json'])
	})

	it('goes on from the lines of a call that was stopped, or killed while it wrote one', async () => {
		expect(await add(settings, [], 3)).toBeUndefined()
		expect(existsSync(path)).toBe(false)
		const log = `${path}.log.jsonl`
		await writeFile(log, `${await readFile(log, 'utf8')}{"num`)
		const done: number[] = []
		expect(await add({ ...settings, source: 'there' }, done)).toMatchObject({ sum: 15 })
		expect(done).toEqual([3, 4, 5])
		expect(existsSync(log)).toBe(false)
	})

	it('begins anew where the lines were tampered with', async () => {
		await add(settings, [], 3)
		const log = `${path}.log.jsonl`
		await writeFile(log, `${await readFile(log, 'utf8')}{"number":"three"}\n`)
		const done: number[] = []
		await add(settings, done)
		expect(done).toEqual([1, 2, 3, 4, 5])
	})

	it('names what differs from a record or lines of other settings, and loses neither', async () => {
		await add(settings, [], 3)
		const log = await readFile(`${path}.log.jsonl`, 'utf8')
		await expect(add({ ...settings, upTo: 6 })).rejects.toThrow(
			/sum\.json\.log\.jsonl is the log of a sum with other settings; it differs in upTo \(6, was 5\)\. Finish that work/,
		)
		expect(await readFile(`${path}.log.jsonl`, 'utf8')).toBe(log)
		await add(settings)
		const record = await readFile(path)
		await expect(add({ ...settings, upTo: 6 })).rejects.toThrow(
			/sum\.json is a sum with other settings; it differs in upTo \(6, was 5\)\. Use the same settings, or move the file away/,
		)
		expect(await readFile(path)).toEqual(record)
	})

	it('replaces a mere cache of other settings, and does work again where it is asked to', async () => {
		const work = async () => ({ ...settings, sum: 15, seconds: 2 })
		await add({ ...settings, upTo: 3 })
		expect(await resumable(kind, { path, settings, replace: true, work })).toMatchObject({ upTo: 5, seconds: 2 })
		expect(await resumable(kind, { path, settings, work: async () => expect.unreachable() })).toMatchObject({
			seconds: 2,
		})
		const again = { ...settings, sum: 15, seconds: 3 }
		expect(await resumable(kind, { path, settings, reuse: false, work: async () => again })).toEqual(again)
		expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(again)
	})

	it('keeps the lines of work that fails, and refuses a file that is none', async () => {
		const log = { suffix: '.log.jsonl', line }
		const fails = resumable(kind, {
			path,
			settings,
			log,
			async work({ append }) {
				await append([{ number: 1 }])
				throw new NaptuneError('NAP_INTERNAL', 'It failed.')
			},
		})
		await expect(fails).rejects.toThrow('It failed.')
		const done: number[] = []
		await add(settings, done)
		expect(done).toEqual([2, 3, 4, 5])
		await writeFile(path, '{"upTo":5}')
		await expect(add(settings)).rejects.toThrow(
			/sum\.json is not a sum that this version can read:\n(.|\n)*source(.|\n)*\nAdd again\./,
		)
	})
})

describe('writeRecord', () => {
	it('writes nothing that it could not read, which is a fault of the program', async () => {
		const file = join(await temporaryFolder(), 'sum.json')
		const broken = writeRecord(kind, file, { ...settings, sum: Number.NaN, seconds: 1 })
		await expect(broken).rejects.toThrow(/is not a sum: .*sum/s)
		await expect(broken).rejects.not.toBeInstanceOf(NaptuneError)
		expect(existsSync(file)).toBe(false)
	})
})
