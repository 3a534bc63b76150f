/** Lists of everything with a name: attacks, defenses, presets, data sets, experiments, jobs, subpaths. */

import { attacks } from '../../attacks/registry.js'
import { benchmarks } from '../../data/benchmarks/all.js'
import { defenses } from '../../defenses/registry.js'
import { experimentNames, loadExperiment } from '../../experiments/definition.js'
import { jobs } from '../../jobs/registry.js'
import { loadPreset, presetNames } from '../../methods/tuning/presets.js'
import { grouped } from '../../report/number-text.js'
import { cellText, table } from '../markdown.js'
import type { Insert } from '../markers.js'
import { rootText } from '../root.js'

export const referenceInserts: Readonly<Record<string, Insert>> = {
	attacks: () =>
		table(
			['attack', 'what it does', 'ready-made settings', 'source'],
			[...attacks.values()].map(({ name, doc, presets, source }) => [
				`\`${name}\``,
				cellText(doc),
				Object.keys(presets)
					.map((preset) => `\`${preset}\``)
					.join(' '),
				cellText(source),
			]),
		),
	defenses: () =>
		table(
			['method', 'what it learns', 'source'],
			[...defenses.values()].map(({ name, doc, source }) => [`\`${name}\``, cellText(doc), cellText(source)]),
		),
	presets: async () =>
		table(
			['preset', 'what it is'],
			await Promise.all(
				(await presetNames()).map(async (name) => {
					const { doc } = await loadPreset(name)
					return [`[\`${name}\`](../presets/${name}.json)`, cellText(firstSentence(doc))]
				}),
			),
		),
	datasets: () => {
		const right = (heading: string) => ({ heading, align: 'right' as const })
		return table(
			[
				'name',
				'folder below the root',
				'images in it',
				'lists in it',
				...['classes', 'train', 'validation', 'test'].map(right),
			],
			benchmarks.map(({ name, folder, images, layout, classes, sizes }) => [
				`\`${name}\``,
				`\`${folder}\``,
				images.map((path) => `\`${path}\``).join(' '),
				layoutText(layout),
				grouped(classes),
				grouped(sizes.train),
				grouped(sizes.validation),
				grouped(sizes.test),
			]),
		)
	},
	experiments: async () =>
		table(
			['name', 'title', 'what it varies'],
			await Promise.all(
				experimentNames.map(async (name) => {
					const { title, doc } = await loadExperiment(name)
					return [`[\`${name}\`](../experiments/${name}.json)`, cellText(title), cellText(firstSentence(doc))]
				}),
			),
		),
	jobs: () =>
		table(
			['function', 'what it does'],
			jobs.map(({ jobName, doc }) => [`\`${camelCase(jobName)}\``, cellText(firstSentence(doc))]),
		),
	subpaths: async () => {
		const { exports } = JSON.parse(await rootText('package.json')) as { readonly exports: Record<string, unknown> }
		const rows = await Promise.all(
			Object.entries(exports).flatMap(([subpath, target]) => {
				if (typeof target !== 'object' || target === null || !('default' in target)) return []
				const source = String(target.default)
					.replace(/^\.\/dist/, 'src')
					.replace(/\.js$/, '.ts')
				return [describeSubpath(`naptune${subpath.slice(1)}`, source)]
			}),
		)
		return table(['import', 'contents'], rows)
	},
}

function layoutText(layout: (typeof benchmarks)[number]['layout']): string {
	if (layout.kind === 'split-file') return `\`${layout.file.name}\``
	if (layout.kind === 'variant-lists') return '`variants.txt` `images_variant_*.txt`'
	return '(`classnames.txt`)'
}

/** A module's description of itself from its first comment, without its own name. */
async function describeSubpath(name: string, source: string): Promise<string[]> {
	const [, comment = ''] = /^\/\*\*(.*?)\*\//s.exec(await rootText(source)) ?? []
	const text = comment
		.replaceAll(/^\s*\* ?/gm, ' ')
		.replaceAll(/\s+/g, ' ')
		.trim()
	const said = firstSentence(text.replace(/^naptune[\w/]*: /, ''))
	return [`\`${name}\``, cellText(said.slice(0, 1).toUpperCase() + said.slice(1))]
}

/** Up to the first full stop that ends the text or precedes a new sentence. */
function firstSentence(text: string): string {
	return /^.*?\.(?=\s+[A-Z]|$)/s.exec(text)?.[0] ?? text
}

function camelCase(name: string): string {
	return name.replaceAll(/[- ](\w)/g, (_, letter: string) => letter.toUpperCase())
}
