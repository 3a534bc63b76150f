/** What committed evaluations say about attacks and attacker knowledge. */

import { present } from '../../core/at.js'
import { attackerKnows } from '../../jobs/common/measure-model.js'
import type { EvaluationRecord } from '../../records/evaluation.js'
import { percentNumber, percentText } from '../../report/number-text.js'
import { table } from '../markdown.js'
import type { Insert } from '../markers.js'
import { demoEvaluation, tableEvaluation } from '../records.js'
import { accuracyText, wholePoints } from './number-cells.js'

export const attackInserts: Readonly<Record<string, Insert>> = {
	'demo table': async () => {
		const rows = await Promise.all(['vanilla', 'nap'].map((name) => demoEvaluation(`${name}-pgd-100`, 240)))
		return table(
			[
				'defense',
				{ heading: 'clean accuracy [95 %]', align: 'right' },
				{ heading: 'under PGD-100 [95 %]', align: 'right' },
			],
			rows.map(({ defense, clean, robust }) => [defense.name, accuracyText(clean), accuracyText(robust)]),
		)
	},
	'demo images': async () => String((await demoEvaluation('nap-pgd-100', 240)).images),
	'autoattack stages': async () =>
		stageTable(await Promise.all(['vanilla', 'nap'].map((name) => demoEvaluation(`${name}-autoattack`)))),
	'autoattack reading': autoAttackReading,
	'knowledge table': async () => knowledgeTable(await Promise.all(knowledgeRows.map((name) => demoEvaluation(name)))),
	'knowledge reading': async () => {
		const [aware, full] = await Promise.all([demoEvaluation('nap-pgd-100-prompt-aware'), demoEvaluation('nap-pgd-100')])
		return `An attacker who ignores the refiners leaves NAP ${wholePoints(aware.robust.accuracy - full.robust.accuracy)} points more accuracy than one who knows them. Measured that way, NAP would look that much better than it is.`
	},
	'test-time table': testTimeTable,
	'transferred images': transferredTable,
}

const knowledgeRows = [
	'vanilla-feature-pgd-encoder-only',
	'nap-feature-pgd-encoder-only',
	'nap-pgd-100-prompt-aware',
	'vanilla-pgd-100',
	'nap-pgd-100',
	'nap-pgd-100-transfer',
	'vanilla-square',
	'nap-square',
]

function stageTable(records: readonly EvaluationRecord[]): string {
	return table(
		[
			'defense',
			'stage',
			{ heading: 'images attacked', align: 'right' },
			{ heading: 'accuracy after it [95 %]', align: 'right' },
		],
		records.flatMap(({ defense, clean, stages = [] }) => [
			[defense.name, 'clean', '', accuracyText(clean)],
			...stages.map(({ stage, attacked, robust }) => ['', stage, String(attacked), accuracyText(robust)]),
		]),
	)
}

async function autoAttackReading(): Promise<string> {
	const left = async (attack: string, levels = 3) =>
		Promise.all(
			['vanilla', 'nap'].map(async (name) =>
				percentText((await demoEvaluation(`${name}-${attack}`, 200, levels)).robust.accuracy),
			),
		)
	const [auto, pgd, large] = await Promise.all([left('autoattack'), left('pgd-100'), left('autoattack', 8)])
	return `AutoAttack leaves ${auto[0]} of vanilla CLIP and ${auto[1]} of NAP, where PGD-100 leaves ${pgd[0]} and ${pgd[1]}. At 8/255 it leaves ${large[0]} and ${large[1]}.`
}

function knowledgeTable(records: readonly EvaluationRecord[]): string {
	return table(
		['the attacker knows', 'attack', 'defense', { heading: 'accuracy under attack [95 %]', align: 'right' }],
		records.map(({ knowledge, defense, robust, ...others }) => [
			attackerKnows({ knowledge, ...others }),
			`\`${others.attack.name}\``,
			defense.name,
			accuracyText(robust),
		]),
	)
}

/** Rows of the table of test-time defenses: the model, and the number of images measured. */
const testTimeRows: readonly (readonly [name: string, images: number])[] = [
	['vanilla', 100],
	['vanilla+ttc', 100],
	['nap', 100],
	['nap+ttc', 100],
	['vanilla', 60],
	['vanilla+r-tpt', 60],
	['nap', 60],
	['nap+r-tpt', 60],
	['nap+tapt-0f373c01', 60],
]

async function testTimeTable(): Promise<string> {
	const rows = await Promise.all(
		testTimeRows.map(async ([name, images]) => {
			const full = await tableEvaluation(`${name}-pgd-20`, images)
			const model = full.testTime ? `${full.defense.name} + ${full.testTime.name}` : full.defense.name
			const head = [model, String(images), percentNumber(full.clean.accuracy), percentNumber(full.robust.accuracy)]
			if (!full.testTime) return [...head, '', '']
			const transfer = await tableEvaluation(`${name}-pgd-20-transfer`, images)
			return [...head, percentNumber(transfer.robust.accuracy), percentNumber(rightUnderBoth(full, transfer))]
		}),
	)
	const right = (heading: string) => ({ heading, align: 'right' as const })
	return table(
		['model', ...['images', 'clean', 'attacker knows everything', 'transfer', 'worse of both'].map(right)],
		rows,
	)
}

/** Share of the images that stay right under both of two attacks. */
function rightUnderBoth(one: EvaluationRecord, other: EvaluationRecord): number {
	const survives = ({ label, adversarialPrediction }: EvaluationRecord['outcomes'][number]) =>
		adversarialPrediction === label
	const others = new Map(other.outcomes.map((outcome) => [outcome.id, outcome]))
	const both = one.outcomes.filter(
		(outcome) => survives(outcome) && survives(present(others.get(outcome.id), `outcome of ${outcome.id}`)),
	)
	return both.length / one.outcomes.length
}

async function transferredTable(): Promise<string> {
	const stores = [
		['mi-cwa', 3, 'mi-cwa-a349d8b3', 200],
		['mi-cwa', 8, 'mi-cwa-bb50842d', 200],
		['ags', 3, 'ags-9ec803f3', 200],
		['ags', 8, 'ags-c2fb9dc1', 200],
		['mi-fgsm', 3, 'mi-fgsm-9b7c756a', 200],
		['mi-fgsm', 8, 'mi-fgsm-7225bcf0', 200],
		['di-fgsm', 3, 'di-fgsm-eb898972', 200],
		['di-fgsm', 8, 'di-fgsm-a41a0c3e', 200],
		['vmi-fgsm', 3, 'vmi-fgsm-83ae580e', 50],
		['vmi-fgsm', 8, 'vmi-fgsm-a55eecfb', 50],
	] as const
	const rows = await Promise.all(
		stores.map(async ([attack, levels, name, images]) => {
			const [vanilla, nap] = await Promise.all([
				demoEvaluation(`vanilla-${name}`, images, levels),
				demoEvaluation(`nap-${name}`, images, levels),
			])
			const row = (made: string, epsilon: string, of: 'clean' | 'robust') => [
				made,
				epsilon,
				String(images),
				...[vanilla, nap].map((record) => accuracyText(record[of])),
			]
			const attacked = row(`\`${attack}\``, `${levels}/255`, 'robust')
			// Few images have a share of their own that is right without an attack.
			return images < 200 && levels === 3 ? [row('nothing', '0', 'clean'), attacked] : [attacked]
		}),
	)
	const clean = await Promise.all(
		['vanilla', 'nap'].map(async (name) => (await demoEvaluation(`${name}-pgd-100`)).clean),
	)
	return table(
		[
			'made by',
			'epsilon',
			{ heading: 'images', align: 'right' },
			{ heading: 'vanilla [95 %]', align: 'right' },
			{ heading: 'nap [95 %]', align: 'right' },
		],
		[['nothing', '0', '200', ...clean.map(accuracyText)], ...rows.flat()],
	)
}
