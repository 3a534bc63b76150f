/** An attack on one picture, for people. */

import { basename } from 'node:path'
import { sizeText } from '../../attacks/sets/size-text.js'
import { at } from '../../core/at.js'
import type { attackPhoto } from '../../jobs/attack-photo.js'
import type { JobResult } from '../../jobs/job.js'
import { normText } from '../../report/number-text.js'
import { duration, percent } from './format.js'
import { textTable } from './table.js'

type Seen = JobResult<typeof attackPhoto>['before']['seen']

/** What every model sees in every picture, and where the pictures are stored. */
export function photoText(result: JobResult<typeof attackPhoto>): string {
	const { photo, before, attacked, attack, norm, epsilon, seed, size, factor, sheet, seconds } = result
	const row = (name: string, seen: Seen) => [
		name,
		...seen.map(({ classes }) => {
			const { className, probability } = at(classes, 0)
			return `${className} ${percent(probability).trim()}`
		}),
	]
	const rows = [
		row('before', before.seen),
		...attacked.flatMap(({ model, after, pasted }) => [
			...(after ? [row(`after the attack on ${model}`, after.seen)] : []),
			...(pasted ? [row('  pasted into the photo, read anew', pasted.seen)] : []),
		]),
	]
	const already = attacked.filter(({ after }) => !after).map(({ model }) => model)
	const pasted = attacked.flatMap((one) => one.pasted ?? [])
	const least = Math.min(...pasted.map(({ covered }) => covered))
	return [
		textTable([{ heading: basename(photo) }, ...before.seen.map(({ model }) => ({ heading: `${model} sees` }))], rows),
		'',
		...already.map((model) => `${model} is already wrong on the clean photo, so there was nothing to attack.`),
		`${attack}, ${normText(norm)} epsilon ${sizeText({ norm, epsilon })}, seed ${seed}: away from ${attacked.map(({ model, label }) => `${label} on ${model}`).join(', ')}.`,
		`The models read ${size} x ${size} pixels. Differences are magnified ${factor} times; none exceeds the scale.`,
		...(pasted.length > 0
			? [
					`Pasted into the full-size photo, the change covers ${percent(least).trim()} of it. It is only approximately adversarial if the model resizes the photo, which blurs the change.`,
				]
			: []),
		`${duration(seconds)}; one sheet with all pictures, and the pictures beside it:`,
		`  ${sheet}`,
	].join('\n')
}
