/** Reads what the card of a data set on the hub (the head of its README) says about its files and columns. */

import { z } from 'zod'
import { defined } from '../../core/defined.js'

const paths = z.union([z.string().transform((path) => [path]), z.array(z.string())])
const splitFiles = z.object({ split: z.string(), path: paths })
const dataFiles = z.union([
	paths.transform((all) => [{ split: 'train', path: all }]),
	z.array(splitFiles),
	z.record(z.string(), paths).transform((map) => Object.entries(map).map(([split, path]) => ({ split, path }))),
])

const configSchema = z.object({
	config_name: z.coerce.string().default('default'),
	data_files: dataFiles.optional(),
	data_dir: z.string().optional(),
	default: z.boolean().optional(),
})

const featureSchema = z.object({ name: z.string(), dtype: z.unknown().optional() })
const classLabelSchema = z.object({
	class_label: z.object({ names: z.union([z.array(z.coerce.string()), z.record(z.string(), z.coerce.string())]) }),
})
const infoSchema = z.object({
	config_name: z.coerce.string().default('default'),
	features: z.union([z.array(featureSchema), featureSchema.transform((one) => [one])]).default([]),
})

/** One configuration: a choice of files. */
export interface CardConfig {
	readonly name: string
	readonly isDefault: boolean
	/** Folder that patterns are relative to; empty for the repository itself. */
	readonly folder: string
	/** File patterns by split; undefined if file names tell the split. */
	readonly files?: readonly { readonly split: string; readonly path: readonly string[] }[]
}

/** The relevant kinds of columns. */
export interface Features {
	/** Columns of images. */
	readonly images: readonly string[]
	/** Columns of class numbers, with their names by number. */
	readonly classLabels: ReadonlyMap<string, readonly string[]>
}

/** The configurations that the card lists; empty if it has no list, or an invalid one. */
export function cardConfigs(card: Readonly<Record<string, unknown>>): CardConfig[] {
	const { data = [] } = z.array(configSchema).safeParse(card.configs)
	return data.map(({ config_name, data_files, data_dir, default: isDefault }) => ({
		name: config_name,
		isDefault: isDefault ?? config_name === 'default',
		folder: (data_dir ?? '').replace(/^\.?\/+|\/+$/g, ''),
		...defined({ files: data_files || undefined }),
	}))
}

/** Columns of images and classes according to the card, for files that do not describe themselves. */
export function cardFeatures(card: Readonly<Record<string, unknown>>, config: string | undefined): Features {
	const infos = [card.dataset_info].flat().flatMap((info) => infoSchema.safeParse(info).data ?? [])
	const info = infos.find(({ config_name }) => config_name === config) ?? (infos.length === 1 ? infos[0] : undefined)
	const images: string[] = []
	const classLabels = new Map<string, readonly string[]>()
	for (const { name, dtype } of info?.features ?? []) {
		const label = classLabelSchema.safeParse(dtype).data
		if (dtype === 'image') images.push(name)
		if (label) classLabels.set(name, listOf(label.class_label.names))
	}
	return { images, classLabels }
}

/** YAML stores names as `{"0": "cat", "1": "dog"}`. */
function listOf(names: readonly string[] | Readonly<Record<string, string>>): readonly string[] {
	if (Array.isArray(names)) return names
	const byNumber = names as Readonly<Record<string, string>>
	return Object.keys(byNumber).map((_, number) => byNumber[number] ?? String(number))
}
