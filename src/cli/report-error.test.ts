import { CommanderError } from 'commander'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import { exitCodes, FailedCheck, Interruption } from './exit-codes.js'
import { reportError } from './report-error.js'

afterEach(() => vi.restoreAllMocks())

/** How an error is reported. */
function told(error: unknown, json = true) {
	const texts = { stdout: '', stderr: '' }
	for (const name of ['stdout', 'stderr'] as const) {
		vi.spyOn(process[name], 'write').mockImplementation((text) => {
			texts[name] += String(text)
			return true
		})
	}
	const code = reportError(error, json)
	vi.restoreAllMocks()
	return { code, ...texts, document: texts.stdout === '' ? undefined : (JSON.parse(texts.stdout) as unknown) }
}

describe('an error', () => {
	it('that a person can act on is its message, with --json its code as well', () => {
		const error = new NaptuneError('NAP_DATA_UNKNOWN', 'There is no such folder.')
		expect(told(error)).toMatchObject({
			code: exitCodes.failure,
			stderr: 'error: There is no such folder.\n',
			document: { error: { code: 'NAP_DATA_UNKNOWN', message: 'There is no such folder.', exitCode: 1 } },
		})
		expect(told(error, false).stdout).toBe('')
	})

	it('of the command line, a stop and a fault of the program have codes of their own', () => {
		const usage = new CommanderError(1, 'commander.unknownOption', "error: unknown option '--x'")
		expect(told(usage)).toMatchObject({
			code: exitCodes.usage,
			stderr: '',
			document: { error: { code: 'NAP_USAGE', message: "unknown option '--x'", exitCode: 2 } },
		})
		expect(told(new Interruption('Stopped.', exitCodes.terminated))).toMatchObject({
			code: exitCodes.terminated,
			stderr: 'Stopped.\n',
			document: { error: { code: 'NAP_STOPPED', exitCode: 143 } },
		})
		expect(told(new TypeError('x is undefined'))).toMatchObject({
			code: exitCodes.failure,
			stderr: expect.stringContaining('This is a bug in naptune'),
			document: { error: { code: 'NAP_INTERNAL' } },
		})
	})

	it('is not what help, or a check that failed and was told, are', () => {
		expect(told(new CommanderError(0, 'commander.helpDisplayed', '(outputHelp)'))).toMatchObject({
			code: 0,
			stdout: '',
		})
		expect(told(new FailedCheck('A check failed.'))).toMatchObject({ code: exitCodes.failedCheck, stdout: '' })
	})
})
