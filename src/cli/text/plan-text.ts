/** The estimated cost of experiments, for people. */

import { modelTitle } from '../../experiments/cells.js'
import type { JobResult } from '../../jobs/job.js'
import type { reproducePlan } from '../../jobs/reproduce-plan.js'
import type { ReportTable } from '../../report/tables/table.js'
import { tableText } from '../../report/tables/text.js'
import { duration } from './format.js'

/** One row per experiment, model and data set, the total, and what the estimate is based on. */
export function planText(result: JobResult<typeof reproducePlan>): string {
	const { rows, total, planned, stoodIn, device, gradientsPerSecond, measuredSeconds } = result
	const right = (text: string) => ({ text })
	const table: ReportTable = {
		name: 'plan',
		title: 'Estimated cost',
		notes: [
			'Gradients count per image; the estimate assumes that attacks skip images that are wrong or fooled early, at the paper’s rates. Time is wall-clock time on this device at its current load; processor time does not grow with other load.',
			'Runs and attacks shared with an experiment above are counted there.',
		],
		columns: [
			...['experiment', 'model', 'data set'].map((title) => ({ title, align: 'left' as const })),
			...[
				'runs',
				'attacks',
				'gradients',
				'tuning',
				'time in attacks',
				'surrogates',
				'time',
				'processor',
				'disk',
				'memory',
			].map((title) => ({ title, align: 'right' as const })),
		],
		rows: rows.map((row) => ({
			cells: [
				{ text: row.experiment, header: true },
				{ text: modelTitle(row.model) },
				{ text: row.dataset },
				right(String(row.runs)),
				right(String(row.attacks)),
				right(amount(row.tuningGradients + row.attackGradients)),
				right(duration(3600 * row.tuningHours)),
				right(duration(3600 * row.attackHours)),
				right(duration(3600 * row.surrogateHours)),
				right(duration(3600 * row.hours)),
				right(duration(3600 * row.processorHours)),
				right(bytes(row.diskBytes)),
				right(bytes(row.peakBytes)),
			],
		})),
	}
	const rates = Object.entries(gradientsPerSecond).map(
		([model, rate]) => `${modelTitle(model)} ${amount(rate)} gradients per second`,
	)
	return [
		tableText(table, process.stdout.columns ?? 160),
		'',
		`In total ${duration(3600 * total.hours)} (${duration(3600 * total.processorHours)} of processor time), ${amount(total.gradients)} gradients, ${bytes(total.diskBytes)} on disk, at most ${bytes(total.peakBytes)} in memory.`,
		`Measured in ${duration(measuredSeconds)} on ${device.device}, ${device.threads} threads, ${device.engine}: ${rates.join(', ')}.`,
		...(planned.length > 0 ? [`Planned from published counts, because they are missing: ${planned.join(', ')}.`] : []),
		...(stoodIn.length > 0
			? [`Measured with random weights of the same size, because they are missing: ${stoodIn.join(', ')}.`]
			: []),
	].join('\n')
}

/** Large numbers in short form: `12.3 million`. */
function amount(value: number): string {
	if (value >= 1e9) return `${(value / 1e9).toFixed(1)} billion`
	if (value >= 1e6) return `${(value / 1e6).toFixed(1)} million`
	return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(1)
}

/** Bytes in powers of ten: `1.2 GB`. */
function bytes(count: number): string {
	if (count >= 1e9) return `${(count / 1e9).toFixed(1)} GB`
	if (count >= 1e6) return `${Math.round(count / 1e6)} MB`
	return `${Math.round(count / 1e3)} kB`
}
