/** Formats settings for people. */

import { at } from '../../../core/at.js'
import { defined } from '../../../core/defined.js'
import { flatSettings as flatValues, settingText } from '../../../files/flat-settings.js'
import type { ReportTable } from '../../tables/table.js'

/** Every value in nested settings with its path, as texts: `optimizer.learningRate` and `0.0001`. */
export function flatSettings(settings: Readonly<Record<string, unknown>>): [string, string][] {
	return [...flatValues(settings)].map(([path, value]) => [path, settingText(value)])
}

/** Settings in one line: `steps 100, restarts 1`. */
export function settingLine(settings: Readonly<Record<string, unknown>>): string {
	return flatSettings(settings)
		.map(([path, value]) => `${path} ${value}`)
		.join(', ')
}

/** Settings with a title. */
export interface NamedSettings {
	readonly title: string
	readonly settings: Readonly<Record<string, unknown>>
}

/** Settings of several methods, one row each: first the different ones, then the shared ones. */
export function settingsTable(
	name: string,
	title: string,
	of: readonly NamedSettings[],
	notes: readonly string[],
): ReportTable {
	const flat = of.map(({ settings }) => new Map(flatSettings(settings)))
	const paths = [...new Set(flat.flatMap((one) => [...one.keys()]))]
	const shared = (path: string) => flat.every((one) => one.get(path) === at(flat, 0).get(path))
	const row = (path: string, group?: string) => ({
		...defined({ group }),
		cells: [{ text: path, header: true }, ...flat.map((one) => ({ text: one.get(path) ?? '\u2013' }))],
	})
	const several = of.length > 1
	return {
		name,
		title,
		notes,
		columns: ['setting', ...of.map((one) => one.title)].map((text) => ({ title: text, align: 'left' })),
		rows: several
			? [
					...paths.filter((path) => !shared(path)).map((path) => row(path, 'Different between methods')),
					...paths.filter(shared).map((path) => row(path, 'Shared by all')),
				]
			: paths.map((path) => row(path)),
	}
}
