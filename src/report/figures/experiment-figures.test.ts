import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { AttackOutcome } from '../../attacks/run/attack-outcomes.js'
import { defined } from '../../core/defined.js'
import { summarize } from '../../evaluation/robustness/evaluate.js'
import { evaluationRecord } from '../../evaluation/robustness/evaluation-record.test.support.js'
import type { ExperimentResult } from '../../experiments/experiment-result.js'
import { sha256OfBytes } from '../../files/sha256.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { conditionsOf, experimentResult } from './experiment.test.support.js'
import { experimentFigures } from './experiment-figures.js'
import { coloursOf, drawn, textsOf } from './figures.test.support.js'

const table = ['clean', 'pgd-100', 'autoattack']
const curve = ['pgd-100@1', 'pgd-100@4']
const layers = { name: 'layers', title: 'layers with prompts', values: [1, 2, 4], scale: 'linear' } as const
const sizes = { ...layers, name: 'epsilon', title: 'epsilon of tuning', labels: ['1/255', '2/255', '4/255'] }

/** Nowhere. */
const root = '/nonexistent'

async function figuresOf(result: ExperimentResult, folder = root) {
	const figures = await experimentFigures(result, folder)
	return new Map(figures.map((figure) => [figure.name, figure]))
}

describe('experimentFigures', () => {
	it('draws a table as dots, stages and the curve over epsilon', async () => {
		const result = experimentResult({ conditions: conditionsOf([...table, ...curve]), seeds: [1, 2, 3] })
		const figures = await figuresOf(result)
		expect([...figures.keys()]).toEqual(['accuracy', 'accuracy-over-epsilon', 'stages'])
		for (const figure of figures.values()) await drawn(figure)
		const dots = await drawn(figures.get('accuracy')!)
		const nap = result.cells.find(({ method, condition }) => method === 'nap' && condition === 'autoattack')!
		expect(textsOf(dots)).toEqual(
			expect.arrayContaining([
				'Clean',
				'PGD-100',
				'AutoAttack',
				'Vanilla CLIP',
				'NAP',
				(100 * nap.accuracy).toFixed(1),
			]),
		)
		expect(figures.get('accuracy')!.sentence).toContain(
			`AutoAttack: NAP has the highest accuracy with ${(100 * nap.accuracy).toFixed(1)} %`,
		)
		const numbers = figures.get('accuracy')!.table.rows.find(({ cells }) => cells[0]!.text === 'NAP')!
		expect(numbers.cells.at(-1)!.value).toBe(nap.accuracy)
		expect(numbers.cells.at(-1)!.detail).toMatch(/^\[\d+\.\d, \d+\.\d\], deviation \d\.\d, n = 100$/)
		const over = await drawn(figures.get('accuracy-over-epsilon')!)
		expect(textsOf(over)).toEqual(
			expect.arrayContaining(['0', '1/255', '4/255', 'epsilon (L-infinity); 0: clean images']),
		)
		expect(figures.get('accuracy-over-epsilon')!.table.rows).toHaveLength(6)
	})

	it('puts the size that the table has on the curve, unless the attack is another one', async () => {
		const sizes = (result: ExperimentResult) =>
			figuresOf(result).then((figures) => [
				...new Set(figures.get('accuracy-over-epsilon')!.table.rows.map(({ cells }) => cells[2]!.text)),
			])
		const conditions = conditionsOf([...table, 'pgd-100@2', 'pgd-100@4'])
		expect(await sizes(experimentResult({ conditions }))).toEqual(['0', '1/255', '2/255', '4/255'])
		const others = conditions.map((one) =>
			one.name === 'pgd-100'
				? { ...one, attack: { ...one.attack!, options: { ...one.attack!.options, steps: 7 } } }
				: one,
		)
		expect(await sizes(experimentResult({ conditions: others }))).toEqual(['0', '2/255', '4/255'])
	})

	it('gives a method the same colour in every figure', async () => {
		const figures = await figuresOf(
			experimentResult({ conditions: conditionsOf([...table, ...curve]), methods: ['nap'], targets: true }),
		)
		for (const figure of figures.values()) expect(coloursOf(await drawn(figure))).toContain('#0072B2')
		const others = await figuresOf(experimentResult({ methods: ['fap', 'nap'] }))
		for (const figure of others.values()) {
			expect([...coloursOf(await drawn(figure))]).toEqual(expect.arrayContaining(['#0072B2', '#D55E00']))
		}
	})

	it('draws what an ablation varies over its axis, and what does not depend on it as horizontal lines', async () => {
		const result = experimentResult({ layout: 'curve', axis: layers, seeds: [1, 2] })
		const figures = await figuresOf(result)
		expect([...figures.keys()]).toEqual(['accuracy-over-layers', 'stages'])
		const ablation = figures.get('accuracy-over-layers')!
		const svg = await drawn(ablation)
		expect(textsOf(svg)).toEqual(
			expect.arrayContaining(['layers with prompts', 'NAP, clean', 'NAP, AutoAttack', 'Vanilla CLIP, PGD-100']),
		)
		expect(textsOf(svg).join(' ')).toMatch(/Bars: standard deviation over seeds.*horizontal, because nothing varies/)
		// Three values of NAP and one of vanilla, under three conditions.
		expect(ablation.table.rows).toHaveLength(12)
		const at = (point: number) =>
			result.cells.find((cell) => cell.method === 'nap' && cell.condition === 'clean' && cell.point === point)!
		expect(ablation.sentence).toContain(
			`NAP, clean on cifar10-mini: from ${(100 * at(1).accuracy).toFixed(1)} % at 1 to ${(100 * at(4).accuracy).toFixed(1)} % at 4`,
		)
		expect(await drawn(figures.get('stages')!)).toContain('>NAP (layers 4)<')
	})

	it('draws a matrix with its numbers and intervals', async () => {
		const conditions = conditionsOf(['clean', ...curve]).map((one) => ({ ...one, role: 'table' as const }))
		const result = experimentResult({ layout: 'matrix', axis: sizes, conditions, datasets: ['a set', 'another'] })
		const figures = await figuresOf(result)
		expect([...figures.keys()]).toEqual(['epsilon-by-attack'])
		const texts = textsOf(await drawn(figures.get('epsilon-by-attack')!))
		for (const { accuracy, interval } of result.cells) {
			expect(texts).toContain((100 * accuracy).toFixed(1))
			expect(texts).toContain(`[${interval.map((end) => (100 * end).toFixed(1)).join(', ')}]`)
		}
		expect(texts).toEqual(expect.arrayContaining(['2/255', 'Vanilla CLIP', 'another', 'tested on']))
		expect(figures.get('epsilon-by-attack')!.table.rows).toHaveLength(8)
	})

	it('tells models and data sets apart by names of files, and stays legible with many of them', async () => {
		const methods = [
			'vanilla',
			'coop',
			'advpt',
			'advpt-v',
			'advpt-vli',
			'advpt-vlj',
			'advpt-e2e',
			'fap',
			'nap',
			'a',
			'b',
		]
		const figures = await experimentFigures(
			experimentResult({
				models: ['models/vit-b-16', 'models/vit-b-32'],
				datasets: ['one', 'two', 'three', 'four'],
				methods,
				conditions: conditionsOf([...table, ...curve]),
				targets: true,
			}),
			root,
		)
		const names = figures.map(({ name }) => name)
		expect(new Set(names).size).toBe(names.length)
		expect(names).toEqual(
			expect.arrayContaining([
				'accuracy-vit-b-16-average',
				'accuracy-vit-b-32-four',
				'accuracy-over-epsilon-vit-b-16',
				'stages-vit-b-32',
				'beside-the-paper-vit-b-16',
			]),
		)
		const over = figures.find(({ name }) => name === 'accuracy-over-epsilon-vit-b-16')!
		expect(over.sentence).toMatch(/^Highest accuracy at epsilon 4\/255: NAP on 4 of 4 data sets\./)
		// The bands of eleven lines would hide each other.
		expect(await drawn(over)).not.toMatch(/opacity="0.15"/)
		expect(await drawn(figures.find(({ name }) => name === 'beside-the-paper-vit-b-16')!)).toContain('>ours<')
	})

	it('does not compare averages over other data sets', async () => {
		const result = experimentResult({ datasets: ['one', 'two', 'three'] })
		const figure = (await figuresOf(result)).get('accuracy-average')!
		const bold = (svg: string) => svg.match(/font-weight="bold"/g)?.length ?? 0
		const marked = bold(await drawn(figure))
		expect(figure.sentence).toContain('NAP has the highest accuracy')
		const averages = result.averages.map((one) => (one.method === 'nap' ? { ...one, datasets: 2 } : one))
		const mixed = (await figuresOf({ ...result, averages })).get('accuracy-average')!
		// One number of each of the three conditions.
		expect(bold(await drawn(mixed))).toBe(marked - 3)
		expect(mixed.sentence).toBe(
			'Means over 2 to 3 data sets, which are not comparable. A mean over data sets has no interval here.',
		)
	})

	it('says how far the paper is away', async () => {
		const result = experimentResult({ targets: true })
		const figure = (await figuresOf(result)).get('beside-the-paper')!
		await drawn(figure)
		const differences = result.cells.map(({ target }) => target!.difference)
		const largest = differences.reduce((most, one) => (Math.abs(one) > Math.abs(most) ? one : most))
		expect(figure.sentence).toContain(
			`the largest difference is ${largest < 0 ? '−' : '+'}${Math.abs(largest).toFixed(1)}`,
		)
		expect(figure.table.rows[0]!.cells.at(-1)!.value).toBe(largest / 100)
	})

	it('keeps apart what has the same title', async () => {
		const result = experimentResult({ methods: ['nap', 'fap'], conditions: conditionsOf([...table, ...curve]) })
		const same = { ...result, methods: result.methods.map((method) => ({ ...method, title: 'NAP' })) }
		for (const figure of (await figuresOf(same)).values()) {
			expect(textsOf(await drawn(figure))).toEqual(expect.arrayContaining(['NAP [nap]', 'NAP [fap]']))
		}
	})

	it('draws names as they are, whatever signs they have', async () => {
		const name = `<b>'" \u2028${'x'.repeat(60)} \\`
		const axis = { ...sizes, title: name, labels: [name, '"]+1+["', "'"] }
		for (const layout of ['table', 'curve', 'matrix'] as const) {
			const result = experimentResult({
				layout,
				...defined({ axis: layout !== 'table' ? axis : undefined }),
				datasets: [name, 'b'],
				targets: true,
			})
			const named = {
				...result,
				methods: result.methods.map((method) => ({ ...method, title: `${method.title} ${name}` })),
			}
			for (const figure of await experimentFigures(named, root)) expect(await drawn(figure)).not.toContain('<b>')
		}
	})

	it('draws stages that only some data sets have', async () => {
		const result = experimentResult({ datasets: ['one', 'two'] })
		const cells = result.cells.map((cell) => ({
			...cell,
			seeds: cell.seeds.map(({ stages, ...seed }) => ({
				...seed,
				...defined({
					stages: stages
						? cell.dataset === 'one'
							? stages.filter(({ stage }) => stage !== 'fab-t')
							: stages
						: undefined,
				}),
			})),
		}))
		const figure = (await figuresOf({ ...result, cells })).get('stages')!
		await drawn(figure)
		expect(figure.table.columns.map(({ title }) => title)).toContain('fab-t')
		expect(figure.table.rows[0]!.cells.filter(({ text }) => text === '')).toHaveLength(1)
	})

	it('draws no cell that is missing, and nothing of an empty result', async () => {
		const whole = experimentResult({
			conditions: conditionsOf([...table, ...curve]),
			datasets: ['one', 'two', 'three'],
		})
		const part = {
			...whole,
			cells: whole.cells.filter(
				({ method, dataset, condition }) =>
					!(method === 'nap' && dataset === 'two') && !(dataset === 'three' && condition !== 'clean'),
			),
		}
		for (const figure of await experimentFigures(part, root)) await drawn(figure)
		expect(await experimentFigures({ ...whole, cells: [], averages: [] }, root)).toEqual([])
	})
})

describe('confusions', () => {
	const classNames = ['cat', 'dog', 'a <b> & "c"']

	/** Ten images per class: clean ones right, attacked ones taken for the next class where `falls`. */
	function outcomes(classes: number, falls: (index: number) => boolean): AttackOutcome[] {
		return Array.from({ length: 10 * classes }, (_, index) => {
			const label = index % classes
			const adversarialPrediction = falls(index) ? (label + 1) % classes : label
			return { id: `i${index}`, label, cleanPrediction: label, adversarialPrediction, attacked: true }
		})
	}

	async function written(classes: readonly string[]) {
		const folder = await temporaryFolder()
		const base = experimentResult({ methods: ['vanilla', 'fap', 'nap'] })
		for (const { method, seeds } of base.cells) {
			const own = outcomes(classes.length, (index) => method === 'vanilla' || index % 10 < 4)
			const record = evaluationRecord(method, own)
			const path = join(folder, seeds[0]!.record)
			await mkdir(dirname(path), { recursive: true })
			const ids = sha256OfBytes(JSON.stringify(own.map(({ id }) => id)))
			const dataset = { ...record.dataset, classNames: classes, ids, images: own.length }
			await writeFile(path, JSON.stringify({ ...record, dataset, ...summarize(own) }))
		}
		return { folder, base }
	}

	it('are drawn of vanilla and the best method, clean and attacked, in percent of a class', async () => {
		const { folder, base } = await written(classNames)
		const figure = (await figuresOf(base, folder)).get('confusion')!
		const texts = textsOf(await drawn(figure))
		for (const panel of ['Vanilla CLIP, clean', 'Vanilla CLIP, attacked', 'NAP, clean', 'NAP, attacked']) {
			// Broken in two in panels as small as these.
			expect(texts.join(' ')).toContain(panel)
		}
		expect(texts).toEqual(expect.arrayContaining(['100', '40', '60', 'a <b> & "c"']))
		expect(texts.join(' ')).not.toContain('FAP')
		expect(figure.sentence).toContain(
			'NAP: 100.0 % right clean, 60.0 % under attack; most often cat is mistaken for dog (4 of 10 images).',
		)
		expect(figure.table.rows[0]!.cells.map(({ text }) => text)).toEqual([
			'Vanilla CLIP',
			'cat',
			'dog',
			'0',
			'10',
			'100.0 %',
		])
		const shown = { ...base, shown: [{ method: 'fap', run: 'x', dataset: 'cifar10-mini' }] }
		expect((await figuresOf(shown, folder)).get('confusion')!.sentence).toContain('FAP: 100.0 % right clean')
	})

	it('are drawn as pairs where there are many classes', async () => {
		const many = Array.from({ length: 30 }, (_, index) => `class ${index}`)
		const { folder, base } = await written(many)
		const texts = textsOf(await drawn((await figuresOf(base, folder)).get('confusion')!))
		expect(texts).toEqual(expect.arrayContaining(['class 0 → class 1', 'clean', 'attacked', 'images']))
	})

	it('are left out without records, and a damaged record is told of', async () => {
		const { folder, base } = await written(classNames)
		expect((await figuresOf(base)).has('confusion')).toBe(false)
		const { record } = base.cells.find(({ method, condition }) => method === 'nap' && condition === 'autoattack')!
			.seeds[0]!
		await writeFile(join(folder, record), '{}')
		await expect(experimentFigures(base, folder)).rejects.toThrow(/is not an evaluation record/)
	})
})
