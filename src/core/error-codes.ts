/** What can go wrong, by code: stable names that scripts can rely on, each with what it means and what to do. */

/** What a code means and what to do about it, a sentence each. */
interface ErrorKind {
	readonly means: string
	readonly advice: string
}

/** All codes. A name stays once it is published; its message may be worded anew. */
export const errorCodes = {
	NAP_USAGE: {
		means: 'The command line is wrong: an unknown command or option, or a value that is missing or malformed.',
		advice: 'Add --help for the options and an example.',
	},
	NAP_STOPPED: {
		means: 'The work was stopped by a signal, or by the caller; what was done is saved where the message says so.',
		advice: 'Repeat the same call: it goes on where it was.',
	},
	NAP_INTERNAL: {
		means: 'A fault in naptune itself.',
		advice: 'Report it with the lines that were printed and what you ran.',
	},
	NAP_OPTION_INVALID: {
		means: 'An option has a value that is not usable.',
		advice: 'Give one that the message names.',
	},
	NAP_OPTION_UNKNOWN: {
		means: 'There is no option or setting of this name.',
		advice: 'Use one of the names that the message lists.',
	},
	NAP_OPTION_MISSING: {
		means: 'Something that this work needs was not given.',
		advice: 'Give the option that the message names.',
	},
	NAP_OPTION_CONFLICT: {
		means: 'Options were given together that exclude one another, or of which one decides nothing beside the other.',
		advice: 'Leave one of them out.',
	},
	NAP_NAME_UNKNOWN: {
		means: 'There is no class, attack, method, preset or data set of this name.',
		advice: 'Use one of the names that the message lists.',
	},
	NAP_DATA_UNKNOWN: {
		means: 'There are no data of this name, and no folder or file of this path.',
		advice: 'Check the path; naptune data list names the data sets.',
	},
	NAP_FILE_MISSING: {
		means: 'A file or folder that was named is not there.',
		advice: 'Check the path.',
	},
	NAP_FILE_INVALID: {
		means: 'A file does not hold what it should.',
		advice: 'Repair it as the message says, or give another.',
	},
	NAP_INPUT_UNSUITABLE: {
		means: 'What was given can be read, but is not what this work is for.',
		advice: 'Give what the message names.',
	},
	NAP_ATTACK_UNSUITABLE: {
		means: 'The attack does not suit the model, the norm or what its attacker may know.',
		advice: 'Choose the attack or the knowledge that the message names.',
	},
	NAP_HUB_UNREACHABLE: {
		means: 'The hub gives no answer that can be used, and what is asked for is not cached.',
		advice: 'Check the connection and HF_ENDPOINT, or give a folder.',
	},
	NAP_HUB_REFUSED: {
		means: 'The hub refuses: there is no such repository or revision, or no right to read it.',
		advice: 'Check the name and revision, and HF_TOKEN.',
	},
	NAP_DOWNLOAD_DAMAGED: {
		means: 'A download is not what the hub announced: shorter, longer, or of another content.',
		advice: 'Try again; where it stays so, check HF_ENDPOINT.',
	},
	NAP_UNCLASSIFIED: {
		means: 'What was asked for cannot be done.',
		advice: 'Follow the message.',
	},
} as const satisfies Readonly<Record<string, ErrorKind>>

/** A name of {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes

/** Whether a text is the name of a code. */
export function isErrorCode(text: string): text is ErrorCode {
	return Object.hasOwn(errorCodes, text)
}
