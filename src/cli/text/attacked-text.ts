/** An attack on an ONNX model, for people. */

import type { attack } from '../../jobs/attack.js'
import { protocolText } from '../../jobs/common/protocol-text.js'
import type { JobResult } from '../../jobs/job.js'
import { duration, percent, percentInterval } from './format.js'
import { stageTable } from './stage-table.js'
import { textTable } from './table.js'

/** Accuracies, those after each stage, and where the outcomes are stored. @param name The model's name. */
export function attackedText(result: JobResult<typeof attack>, name: string): string {
	const { clean, robust, seconds, stages, images, dataset, threatModel, seed, record } = result
	return [
		textTable(
			[
				{ heading: 'model' },
				{ heading: 'clean accuracy [95 %]', align: 'right' },
				{ heading: `accuracy under ${result.attack.name} [95 %]`, align: 'right' },
				{ heading: 'time', align: 'right' },
			],
			[
				[
					name,
					`${percent(clean.accuracy)} ${percentInterval(clean.interval)}`,
					`${percent(robust.accuracy)} ${percentInterval(robust.interval)}`,
					duration(seconds),
				],
			],
		),
		'',
		...(stages ? [stageTable([{ ...result, name }], 'model'), ''] : []),
		`${protocolText({ images, data: dataset.name, ...threatModel, seed })}; per-image outcomes:`,
		`  ${record}`,
	].join('\n')
}
