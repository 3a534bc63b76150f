/** The defenses for people. */

import type { defenses } from '../../jobs/defenses.js'
import type { JobResult } from '../../jobs/job.js'
import { grouped } from './format.js'
import { textTable } from './table.js'

/** The defenses, those at test time and, if requested, the presets. */
export function defensesText(
	{ model, defenses: rows, testTime, presets }: JobResult<typeof defenses>,
	withPresets: boolean,
): string {
	return [
		textTable(
			[{ heading: 'defense' }, { heading: 'parameters', align: 'right' }, { heading: 'what it learns, and source' }],
			rows.flatMap(({ name, trainableParameters, doc, loss, source }) => [
				[name, grouped(trainableParameters), doc],
				...(loss === null ? [] : [['', '', loss]]),
				['', '', source],
			]),
		),
		'',
		`Parameters at default options on ${model}.`,
		'',
		textTable(
			[
				{ heading: 'at test time' },
				{ heading: 'adapts' },
				{ heading: 'attacked through' },
				{ heading: 'what it does, and source' },
			],
			testTime.flatMap(({ name, doc, source, adapts, attackedThrough }) => [
				[name, adapts, attackedThrough, doc],
				['', '', '', source],
			]),
		),
		'',
		'They work on top of any defense above: naptune evaluate RUN --test-time NAME.',
		...(withPresets ? ['', ...presets.map(({ name, version, doc }) => `${name} (version ${version}): ${doc}`)] : []),
	].join('\n')
}
