/** `naptune evaluate --verify`: recomputes the outcomes of a record. */

import { type Command, InvalidArgumentError } from 'commander'
import { defined } from '../core/defined.js'
import type { JobInput } from '../jobs/job.js'
import { verifyRecord } from '../jobs/verify-record.js'
import { Option } from './options/option.js'
import type { SharedOptions } from './options/shared-options.js'
import { runJob } from './run-job.js'
import { verificationText } from './text/verification-text.js'

/** Options of verification. */
export interface VerifyOptions {
	readonly verify?: string
	readonly share?: number
}

/** `--verify`. */
export function verifyOption(): Option {
	return new Option(
		'--verify <record>',
		'recompute the outcomes of this record instead, and compare them image by image; exits with 3 on a difference (default: none)',
	)
}

/** `--share`. */
export function shareOption(): Option {
	return new Option('--share <part>', 'share of its images to recompute, chosen by the seed (default: 1)').argParser(
		shareOfImages,
	)
}

/** Options that decide what is computed; the record already fixes all of them. */
const decidedByRecord = [
	...['attack', 'set', 'knowledge', 'target', 'images', 'keepImages', 'norm', 'epsilon', 'testTime', 'testTimeSet'],
	...['split', 'limit', 'vanilla', 'vanillaTemplates', 'unreadable', 'tensorboard', 'mlflow'],
]

/** Runs the verification. @param command The command, which ends with a usage error for options that the record fixes. */
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
		command.error(`error: The record given to --verify decides this itself; remove ${flag ?? given}.`)
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
