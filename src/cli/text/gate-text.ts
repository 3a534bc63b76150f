/** A gate's verdict, for people. */

import { errorText, oneLine, verdictSentence } from '../../gate/texts.js'
import type { gate } from '../../jobs/gate.js'
import type { gateInit } from '../../jobs/gate-init.js'
import type { JobResult } from '../../jobs/job.js'
import type { Verdict } from '../../records/gate.js'
import { counted, duration, percent } from './format.js'
import { textTable } from './table.js'

const words: Readonly<Record<Verdict, string>> = { pass: 'pass', fail: 'FAIL', undecided: 'undecided' }

/** All checks, the verdict, and where it is stored. */
export function gateText(result: JobResult<typeof gate>): string {
	const { checks, notices, dataset, seed, attacked, seconds, files, processor } = result
	const errors = checks.flatMap((check) => errorText(check) ?? [])
	return [
		textTable(
			[{ heading: 'check' }, { heading: 'result' }, { heading: 'images', align: 'right' }, { heading: 'finding' }],
			checks.map(({ id, status, images, sample, summary }) => [
				id,
				words[status],
				sample > 0 ? `${images} of ${sample}` : '',
				oneLine(summary),
			]),
		),
		'',
		...notices.map((text) => `note: ${oneLine(text)}`),
		...errors.map((text) => `error rates: ${oneLine(text)}`),
		'',
		verdictSentence(result),
		`${counted(dataset.images, `${dataset.split} image`)} of ${oneLine(dataset.name)}, seed ${seed}, ${processor}, ${duration(seconds)}; ${counted(attacked, 'trial')} run, the others were cached:`,
		`  ${files.verdict}`,
		`  ${files.junit}`,
		`  ${files.summary}`,
		...(files.baseline === undefined ? [] : ['The model is now the baseline; commit it:', `  ${files.baseline}`]),
	].join('\n')
}

/** What a new gate requires, and where it is written. */
export function gateInitText(result: JobResult<typeof gateInit>): string {
	const { clean, robust, images, audit, leftOut, config, baseline, subject } = result
	const row = (name: string, { right, min }: { readonly right: number; readonly min: number }) => [
		name,
		`${percent(right / images)} (${right} of ${images})`,
		percent(min),
	]
	return [
		textTable(
			[{ heading: 'accuracy' }, { heading: 'now', align: 'right' }, { heading: 'min', align: 'right' }],
			[row('clean', clean), row(`under ${robust.attack} at ${robust.epsilon}`, robust)],
		),
		'',
		`The minimum is the lower end of the 95 % interval of ${oneLine(subject.name)}, less the slack.`,
		...(audit.length > 0 ? [`Audit checks that must pass: ${audit.join(', ')}.`] : []),
		...(leftOut.length > 0 ? [`Left out, because the model fails them: ${leftOut.join(', ')}.`] : []),
		'Check the numbers, then commit both files:',
		`  ${config}`,
		`  ${baseline}`,
	].join('\n')
}
