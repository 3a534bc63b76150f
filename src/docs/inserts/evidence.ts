/** What committed measurements of the main table's NAP say beyond its accuracy. */

import { last, present } from '../../core/at.js'
import { auditKind } from '../../records/audit.js'
import { detectionKind } from '../../records/detection.js'
import { distortionKind } from '../../records/distortion.js'
import { retrievalKind } from '../../records/retrieval.js'
import { epochForm } from '../../records/run.js'
import { percentText } from '../../report/number-text.js'
import { cellText, table } from '../markdown.js'
import type { Insert } from '../markers.js'
import { recordAt } from '../records.js'
import { rootText } from '../root.js'
import { wholePercent } from './number-cells.js'

const folder = 'fair/nap'

export const evidenceInserts: Readonly<Record<string, Insert>> = {
	'audit table': async () => {
		const { results } = await audit()
		return table(
			['check', 'status', 'what was measured'],
			results.map(({ id, status, summary }) => [`[\`${id}\`](audit.md#${id})`, status, cellText(summary)]),
		)
	},
	'audit reading': async () => {
		const { results, dataset } = await audit()
		const count = (wanted: string) => results.filter(({ status }) => status === wanted).length
		return `On ${dataset.images} test images the NAP of the main table passes ${count('pass')} checks; ${count('warn')} warn and ${count('fail')} fail. The others (${count('information') + count('not-applicable')}) are informative or do not apply.`
	},
	'distortion reading': distortionReading,
	'detection reading': detectionReading,
	'retrieval table': retrievalTable,
	'training reading': async () => {
		const lines = (await rootText(`results/${folder}/log.jsonl`)).trim().split('\n')
		const { adversarialAccuracy } = epochForm.schema.parse(JSON.parse(last(lines)))
		return `at the end of tuning it withstands the inner attack on ${wholePercent(present(adversarialAccuracy ?? undefined, 'accuracy'))} of its training images`
	},
}

const audit = () => recordAt(auditKind, `${folder}/audits/nap-full-linf-3-255-test-100-seed1.json`)

async function distortionReading(): Promise<string> {
	const { measurements } = await recordAt(
		distortionKind,
		`${folder}/distortion/nap-pgd-20-linf-3-255-test-100-seed1.json`,
	)
	const of = (tower: string, perturbation: string) =>
		present(
			measurements.find((one) => one.tower === tower && one.perturbation === perturbation),
			`distortion of ${tower} under ${perturbation}`,
		)
	const classToken = (tower: string, perturbation: string) =>
		present(last(of(tower, perturbation).layers).after.classToken, 'class token').relative.mean.toFixed(2)
	const [first] = of('nap', 'nap').layers
	const { before, after } = present(first, 'layer')
	return `At the last layer, the class token of NAP moves by ${classToken('nap', 'nap')} of its length under PGD-20 against NAP itself; that of vanilla CLIP moves by ${classToken('vanilla', 'vanilla')} under an attack on vanilla CLIP, and by ${classToken('vanilla', 'nap')} on the images made against NAP. The first refiner lowers the relative distance of all tokens from ${before.tokens.relative.mean.toFixed(3)} to ${after.tokens.relative.mean.toFixed(3)}; later refiners change it much less.`
}

async function detectionReading(): Promise<string> {
	const { images, falsePositives, attacks } = await recordAt(
		detectionKind,
		`${folder}/detection/pgd-20-15f3bf4e-linf-3-255-test-200-seed1.json`,
	)
	const clean = present(falsePositives[0], 'false positives')
	const { detected, areaUnderRoc } = present(attacks[0]?.scores[0], 'score')
	return `On ${images} test images the flag marks ${percentText(clean.share)} of the clean ones and ${percentText(detected.share)} of those under PGD-20; the area under the ROC curve is ${areaUnderRoc.toFixed(2)}, where 0.5 is chance.`
}

async function retrievalTable(): Promise<string> {
	const rows = await Promise.all(
		['vanilla', 'nap'].map(async (name) => {
			const { clean, attacked } = await recordAt(
				retrievalKind,
				`${folder}/retrieval/${name}-pgd-20-1443b5e3-linf-3-255-test-200-seed1.json`,
			)
			const recall = (direction: 'imageToText' | 'textToImage', k: number) =>
				[clean, attacked].map((found) =>
					percentText(
						present(
							found[direction].recalls.find((one) => one.k === k),
							`recall at ${k}`,
						).recall,
					),
				)
			return [name, ...recall('imageToText', 1), ...recall('textToImage', 10)]
		}),
	)
	const right = (heading: string) => ({ heading, align: 'right' as const })
	return table(
		['model', ...['image to text, recall@1', 'attacked', 'text to image, recall@10', 'attacked'].map(right)],
		rows,
	)
}
