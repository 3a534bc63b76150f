/** How a command ends: codes that scripts can rely on. */

/** Exit codes, as the help lists them. */
export const exitCodes = {
	success: 0,
	/** What was asked for cannot be done: bad input, a full disk, a collapsed run. */
	failure: 1,
	/** The command line itself is wrong: unknown command or option, missing or malformed value. */
	usage: 2,
	/** The work was done, and its result is that something failed a check. */
	failedCheck: 3,
	/** Stopped by Ctrl-C (128 + 2) after everything was saved. */
	interrupted: 130,
	/** Stopped by SIGTERM (128 + 15) after everything was saved. */
	terminated: 143,
} as const

/** Thrown by a command that stopped because it was asked to; everything is saved. */
export class Interruption extends Error {
	/** @param message What was saved and how to go on. @param exitCode That of the signal that came. */
	constructor(
		message: string,
		readonly exitCode: number = exitCodes.interrupted,
	) {
		super(message)
		this.name = 'Interruption'
	}
}

/** Thrown by a command whose result, told already, is that something failed a check. */
export class FailedCheck extends Error {
	override readonly name = 'FailedCheck'

	/** @param message For programs. @param exitCode That of a failed check, unless the result is one of another kind. */
	constructor(
		message: string,
		readonly exitCode: number = exitCodes.failedCheck,
	) {
		super(message)
	}
}
