/** The named data sets, for people. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { at } from '../../core/at.js'
import type { dataList } from '../../jobs/data-list.js'
import type { JobResult } from '../../jobs/job.js'
import { grouped } from './format.js'
import { textTable } from './table.js'

/** One line per data set, and how to point naptune at them. */
export function dataListText({ root, datasets }: JobResult<typeof dataList>): string {
	return [
		textTable(
			[
				{ heading: 'name' },
				{ heading: 'data set' },
				{ heading: 'classes', align: 'right' },
				{ heading: 'train', align: 'right' },
				{ heading: 'val', align: 'right' },
				{ heading: 'test', align: 'right' },
				{ heading: 'there?' },
				{ heading: 'zero-shot prompt' },
			],
			datasets.map(({ name, title, folder, classes, sizes, template, missing }) => [
				name,
				title,
				grouped(classes),
				grouped(sizes.train),
				grouped(sizes.validation),
				grouped(sizes.test),
				folder === null ? 'in the package' : presence(folder, missing),
				template,
			]),
		),
		'',
		root === null
			? 'Set --data-root or NAPTUNE_DATA_ROOT to the folder of your data sets; this list then shows which exist.'
			: `${existsSync(root) ? `Searched in ${root}` : `The data root ${root} does not exist`}. Run naptune data doctor NAME to see what is missing and where to get it.`,
	].join('\n')
}

function presence(folder: string, missing: readonly string[] | null): string {
	if (missing === null) return '?'
	if (missing.length === 0) return 'yes'
	const first = at(missing, 0)
	return first === join(folder, '') || first === folder ? 'no' : `no ${first.slice(folder.length + 1)}`
}
