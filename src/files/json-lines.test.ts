import { execFile, spawn } from 'node:child_process'
import { appendFile, chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openJsonLines, readJsonLines } from './json-lines.js'
import { temporaryFolder, withoutSuperuser } from './temporary-folder.test.helper.js'

const moduleFile = fileURLToPath(new URL('./json-lines.js', import.meta.url))

describe('a log of JSON lines', () => {
	it('reads back what was appended, in the order of the calls', async () => {
		const path = join(await temporaryFolder(), 'log')
		const log = await openJsonLines(path)
		const lengths = await Promise.all([log.append({ a: 1 }, 'zwei\nü'), log.append(), log.append(null, [3])])
		await log.close()
		const text = await readFile(path, 'utf8')
		expect(text).toBe('{"a":1}\n"zwei\\nü"\nnull\n[3]\n')
		expect(lengths).toEqual([Buffer.byteLength('{"a":1}\n"zwei\\nü"\n'), lengths[0], Buffer.byteLength(text)])
		expect(await readJsonLines(path)).toEqual({
			records: [{ a: 1 }, 'zwei\nü', null, [3]],
			length: lengths[2],
			torn: false,
		})
	})

	it('drops a line torn at any byte, and goes on after the last whole one', async () => {
		const path = join(await temporaryFolder(), 'log')
		const whole = '{"a":1}\n12345\n'
		for (let cut = 0; cut <= whole.length; cut++) {
			await writeFile(path, whole.slice(0, cut))
			const expected = cut === whole.length ? [{ a: 1 }, 12345] : cut >= 8 ? [{ a: 1 }] : []
			const { records, torn } = await readJsonLines(path)
			expect(records).toEqual(expected)
			expect(torn).toBe(![0, 8, whole.length].includes(cut))
			const log = await openJsonLines(path)
			await log.append('next')
			await log.close()
			expect((await readJsonLines(path)).records).toEqual([...expected, 'next'])
		}
	})

	it('finds the end of the lines before a long torn one', async () => {
		const path = join(await temporaryFolder(), 'log')
		await writeFile(path, `1\n"${'x'.repeat(200_000)}`)
		await (await openJsonLines(path)).close()
		expect(await readFile(path, 'utf8')).toBe('1\n')
	})

	it('cuts back to a saved length', async () => {
		const path = join(await temporaryFolder(), 'log')
		const log = await openJsonLines(path)
		const saved = await log.append(1)
		await log.append(2, 3)
		await log.close()
		const resumed = await openJsonLines(path, { length: saved })
		await resumed.append('two')
		await resumed.close()
		expect((await readJsonLines(path)).records).toEqual([1, 'two'])
		await (await openJsonLines(path, { length: 0 })).close()
		expect((await readJsonLines(path)).records).toEqual([])
	})

	it('refuses a saved length that is not the end of a line, and changes nothing', async () => {
		const path = join(await temporaryFolder(), 'log')
		await writeFile(path, '12\n34\n')
		for (const length of [1, 2, 5, 7, 1000]) {
			await expect(openJsonLines(path, { length })).rejects.toThrow(/no line that ends at byte/)
		}
		expect(await readFile(path, 'utf8')).toBe('12\n34\n')
	})

	it('names a damaged line in the middle', async () => {
		const path = join(await temporaryFolder(), 'log')
		await writeFile(path, '1\n{oops\n3\n')
		await expect(readJsonLines(path)).rejects.toThrow(/Line 2 .*not JSON/)
		await expect(readJsonLines(`${path}.missing`)).rejects.toThrow(/Cannot read/)
	})

	it('ends where it did before when there is no room for a record', async () => {
		const path = join(await temporaryFolder(), 'log')
		// A limit on the size of files (in blocks of 1 or 0.5 KiB) stands in for the size of the disk.
		const script = `process.on('SIGXFSZ', () => {})
			const { openJsonLines } = await import(${JSON.stringify(moduleFile)})
			const log = await openJsonLines(${JSON.stringify(path)})
			await log.append('first')
			const error = await log.append('x'.repeat(100_000)).catch((error) => error)
			await log.append('second')
			await log.close()
			console.log(error.name, error.message)`
		const limited = ['-c', 'ulimit -f 16 && exec "$0" --input-type=module -e "$1"', process.execPath, script]
		const { stdout } = await promisify(execFile)('bash', limited)
		expect(stdout).toMatch(/^NaptuneError .*would be larger than.*No file was changed/)
		expect(await readFile(path, 'utf8')).toBe('"first"\n"second"\n')
	})

	it('explains a folder that may not be written', async () => {
		const folder = await temporaryFolder()
		await chmod(folder, 0o555)
		await expect(withoutSuperuser(() => openJsonLines(join(folder, 'log')))).rejects.toThrow(/No permission/)
		await chmod(folder, 0o755)
	})

	it('holds a prefix of what was appended after the writer is killed', async () => {
		const path = join(await temporaryFolder(), 'log')
		const script = `const { openJsonLines } = await import(${JSON.stringify(moduleFile)})
			const log = await openJsonLines(${JSON.stringify(path)})
			for (let i = 0; ; i++) { await log.append({ i, text: 'x'.repeat(i % 5000) }); console.log(i) }`
		const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
			stdio: ['ignore', 'pipe', 'inherit'],
		})
		let acknowledged = ''
		await new Promise<void>((done) => {
			child.stdout.on('data', (data) => {
				acknowledged += data
				if (acknowledged.split('\n').length > 20) child.kill('SIGKILL')
			})
			child.on('close', () => done())
		})
		const { records } = await readJsonLines(path)
		const count = acknowledged.split('\n').length - 1
		expect(records.length).toBeGreaterThanOrEqual(count)
		records.forEach((record, index) => {
			expect(record).toEqual({ i: index, text: 'x'.repeat(index % 5000) })
		})
	})

	it('keeps any JSON value', async () => {
		const path = join(await temporaryFolder(), 'log')
		await fc.assert(
			fc.asyncProperty(fc.array(fc.jsonValue()), async (values) => {
				await writeFile(path, '')
				const log = await openJsonLines(path)
				await log.append(...values)
				await log.close()
				await appendFile(path, '{"torn":')
				expect(JSON.stringify((await readJsonLines(path)).records)).toBe(JSON.stringify(values))
			}),
			{ numRuns: 30 },
		)
	})
})
