/** Exit codes, which scripts can rely on. */

/** The exit codes, as the help lists them. */
export const exitCodes = {
	success: 0,
	/** The command failed: bad input, a full disk, a collapsed run. */
	failure: 1,
	/** The command line is wrong: an unknown command or option, a missing or malformed value. */
	usage: 2,
	/** The command worked, and its result is a failed check. */
	failedCheck: 3,
	/** Ctrl-C stopped the command (128 + 2) after it saved everything. */
	interrupted: 130,
	/** SIGTERM stopped the command (128 + 15) after it saved everything. */
	terminated: 143,
} as const

/** Thrown by a command that was stopped on request and saved everything. */
export class Interruption extends Error {
	/** @param message What was saved and how to continue. @param exitCode The code of the signal. */
	constructor(
		message: string,
		readonly exitCode: number = exitCodes.interrupted,
	) {
		super(message)
		this.name = 'Interruption'
	}
}

/** Thrown by a command whose result, already printed, is a failed check. */
export class FailedCheck extends Error {
	override readonly name = 'FailedCheck'

	/** @param message For programs. @param exitCode The failed-check code, unless the result is of another kind. */
	constructor(
		message: string,
		readonly exitCode: number = exitCodes.failedCheck,
	) {
		super(message)
	}
}
