/** `naptune evaluate --verify`: outcomes of a record computed again. */

import { type Command, InvalidArgumentError } from 'commander'
import { defined } from '../core/defined.js'
import type { JobInput } from '../jobs/job.js'
import { verifyRecord } from '../jobs/verify-record.js'
import { Option } from './options/option.js'
import type { SharedOptions } from './options/shared-options.js'
import { runJob } from './run-job.js'
import { verificationText } from './text/verification-text.js'

/** Options of verifying. */
export interface VerifyOptions {
	readonly verify?: string
	readonly share?: number
}

/** `--verify`. */
export function verifyOption(): Option {
	return new Option(
		'--verify <record>',
		'compute the outcomes of this record of the run again instead, and compare them image by image; exits with 3 on a difference (default: none)',
	)
}

/** `--share`. */
export function shareOption(): Option {
	return new Option(
		'--share <part>',
		'share of its images to compute again, chosen by the seed (default: 1)',
	).argParser(shareOfImages)
}

/** Options that say what is computed; a record says all of it itself. */
const decidedByRecord = [
	...['attack', 'set', 'knowledge', 'target', 'images', 'keepImages', 'norm', 'epsilon', 'testTime', 'testTimeSet'],
	...['split', 'limit', 'vanilla', 'vanillaTemplates', 'unreadable', 'tensorboard', 'mlflow'],
]

/** Runs it. @param command The command, which ends with a usage error for options that the record decides. */
export function runVerification(
	run: string,
	options: SharedOptions &
		VerifyOptions &
		Omit<JobInput<typeof verifyRecord>, 'run' | 'record'> & { readonly verify: string },
	command: Command,
): Promise<void> {
	const given = decidedByRecord.find((name) => command.getOptionValueSource(name) === 'cli')
	if (given !== undefined) {
		const flag = command.options.find((option) => option.attributeName() === given)?.long
		command.error(`error: The record given to --verify says what it is of; leave ${flag ?? given} out.`)
	}
	const { verify: record, share, data, model, dataRoot, batchSize, seed } = options
	return runJob(verifyRecord, options, {
		input: { run, record, ...defined({ share, data, model, dataRoot, batchSize, seed }) },
		text: verificationText,
		failed: ({ differences }) => differences.length > 0,
	})
}

function shareOfImages(text: string): number {
	const share = text.trim() === '' ? Number.NaN : Number(text)
	if (share > 0 && share <= 1) return share
	throw new InvalidArgumentError('Expected a number above 0 and at most 1, such as 0.1.')
}
