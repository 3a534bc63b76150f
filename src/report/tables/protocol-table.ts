/** Compares the protocols of methods: the accuracy of each, and what its runs changed. */

import { at } from '../../core/at.js'
import { defined } from '../../core/defined.js'
import { isRecord } from '../../core/guards.js'
import type { Cell, ExperimentResult, Method } from '../../experiments/experiment-result.js'
import { lossText, movedText, notTrained, untrained } from '../not-trained.js'
import { percentNumber, percentText } from '../number-text.js'
import { emptyCell, headerCell } from './accuracy-cells.js'
import { cellFinder, fileStem, modelName } from './places.js'
import type { ReportTable, TableCell, TableRow } from './table.js'

/** Per model and data set a row for every method under every protocol; none if no method has one. */
export function protocolTables(result: ExperimentResult): ReportTable[] {
	const methods = result.methods.filter(({ protocol }) => protocol !== undefined)
	if (methods.length === 0) return []
	const conditions = result.conditions.filter(({ role }) => role === 'table')
	const find = cellFinder(result)
	return result.models.flatMap((model) =>
		result.datasets.map((dataset): ReportTable => {
			const rows = methods.map((method): TableRow => {
				const cells = conditions.map(({ name: condition }) => find({ model, dataset, method: method.name, condition }))
				const measured = cells.find((cell) => cell !== undefined)
				return {
					group: method.of ?? method.name,
					cells: [
						headerCell(method.protocol ?? ''),
						{ text: presetOf(result, method) ?? emptyCell.text },
						...cells.map(accuracyOf),
						...movementOf(measured),
					],
				}
			})
			const name = fileStem(
				'protocols',
				...(result.models.length > 1 ? [modelName(result, model)] : []),
				...(result.datasets.length > 1 ? [dataset] : []),
			)
			return {
				name,
				title: `${result.title}: protocols of ${modelName(result, model)} on ${dataset}`,
				notes: [
					'Accuracy in % of each method under each of its protocols, whatever it learned. Losses are means over the training images in the first and the last epoch; the column parameters shows how far they moved, in % of their initial length.',
				],
				columns: [
					...['protocol', 'preset'].map((title) => ({ title, align: 'left' as const })),
					...[...conditions.map(({ title }) => title), 'clean loss', 'loss under attack', 'parameters', 'trained'].map(
						(title) => ({ title, align: 'right' as const }),
					),
				],
				rows,
			}
		}),
	)
}

function presetOf({ definition }: ExperimentResult, { name }: Method): string | undefined {
	const methods = definition.methods
	const method = isRecord(methods) ? methods[name] : undefined
	return isRecord(method) && typeof method.preset === 'string' ? method.preset : undefined
}

function accuracyOf(cell: Cell | undefined): TableCell {
	return cell ? { text: percentNumber(cell.accuracy), value: cell.accuracy } : emptyCell
}

function movementOf(cell: Cell | undefined): TableCell[] {
	const learning = cell && (untrained(cell) ?? at(cell.seeds, 0).learning)
	if (!learning) return [emptyCell, emptyCell, emptyCell, emptyCell]
	const { cleanLoss, adversarialLoss, moved, trained } = learning
	return [
		{ text: lossText(cleanLoss) },
		adversarialLoss ? { text: lossText(adversarialLoss) } : emptyCell,
		moved === undefined ? emptyCell : { text: percentText(moved), value: moved },
		{ text: trained ? 'yes' : notTrained, ...defined({ detail: trained ? undefined : movedText(learning) }) },
	]
}
