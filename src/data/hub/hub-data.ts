/** Data sets of the Hugging Face hub that are stored as Parquet files with the images inside. */

import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { sha256OfBytes } from '../../files/sha256.js'
import type { DownloadProgress } from '../../hub/hub-download.js'
import { decodeImage } from '../../images/decode.js'
import type { Dataset, ImageSource, Split } from '../dataset.js'
import { settleSplits } from '../settle-splits.js'
import { optionsText } from '../source-options.js'
import { cardFeatures } from './dataset-card.js'
import { type HubClasses, hubClasses } from './hub-classes.js'
import { parseHubDataName } from './hub-data-name.js'
import { fetchHubFiles, type HubSplit } from './hub-files.js'
import { parquetColumns } from './parquet-columns.js'
import {
	type ImageReader,
	imageReader,
	openParquet,
	type ParquetFile,
	parquetProcess,
	readLabels,
} from './parquet-reader.js'

/** A row with an image. */
interface Row {
	readonly id: string
	readonly label: number
	readonly file: ParquetFile
	/** Position in the file. */
	readonly row: number
}

/** A split with its labels read. */
interface ReadSplit {
	readonly name: string
	readonly files: readonly ParquetFile[]
	/** As stored, over all files. */
	readonly labels: readonly (number | string | null)[]
}

/**
 * Loads `hf:owner/name[@revision][:config][?image=COLUMN&label=COLUMN&train=SPLIT&validation=SPLIT&test=SPLIT]`. Files enter
 * the hub's cache once; images are read and decoded on demand. `origin` holds the commit, so that a run finds the same data
 * again even if the branch changes.
 * @param seed Seed of the split, if one must be drawn.
 * @throws NaptuneError as `parseHubDataName`, `fetchHubFiles`, `parquetColumns` and `settleSplits`; if a file is damaged; or
 * if labels are not classes.
 */
export async function loadHubData(
	text: string,
	seed: number,
	onProgress?: (progress: DownloadProgress) => void,
): Promise<Dataset> {
	const name = parseHubDataName(text)
	const source = `hf:${name.id}` as const
	const { train, validation, test, ...found } = await fetchHubFiles(name, onProgress)
	const reader = parquetProcess()
	const files = new Map<string, Promise<ParquetFile>>()
	const open = (path: string): Promise<ParquetFile> => {
		const file = files.get(path) ?? openParquet(reader, path)
		files.set(path, file)
		return file
	}
	const first = await open(at(train.paths, 0))
	const columns = parquetColumns(first, cardFeatures(found.card, found.config), name.options, source)
	const read = async (split: HubSplit | undefined): Promise<ReadSplit | undefined> => {
		if (!split) return undefined
		const opened: ParquetFile[] = []
		const labels: (number | string | null)[] = []
		for (const path of split.paths) {
			const file = await open(path)
			opened.push(file)
			// Test images may lack a column of labels, as in competitions.
			const hasLabels = split === train || hasColumn(file, columns.label)
			for (const column of [columns.image, ...(hasLabels ? [columns.label] : [])]) requireColumn(file, column, source)
			const read = hasLabels ? await readLabels(reader, file, columns.label) : new Array<null>(file.rows).fill(null)
			for (const label of read) labels.push(label)
		}
		return { name: split.name, files: opened, labels }
	}
	const notices = [...found.notices, ...columns.notices]
	const labelled = (split: ReadSplit | undefined): ReadSplit | undefined => {
		if (!split?.labels.every((label) => label === null || label === -1)) return split
		notices.push(`The split ${split.name} of ${source} has no labels, so it is not used.`)
		return undefined
	}
	const trained = await read(train)
	const validated = labelled(await read(validation))
	const tested = labelled(await read(test))
	const splits = [trained, validated, tested]
	const classes = hubClasses(
		splits.flatMap((split) => (split ? [split] : [])),
		columns.classNames,
		source,
	)
	const rows = {
		train: rowsOf(trained, classes),
		validation: rowsOf(validated, classes),
		test: rowsOf(tested, classes),
	}
	const settled = settleSplits(rows, classes.classNames, source, seed)
	const images = imageReader(reader, columns.image)
	const splitOf = (list: readonly Row[]) => parquetSplit(list, images, source)
	const config = name.config === undefined ? '' : `:${name.config}`
	return {
		name: name.id.replace(/^.*\//, ''),
		classNames: classes.classNames,
		train: splitOf(settled.train),
		validation: splitOf(settled.validation),
		test: splitOf(settled.test),
		notices: [...notices, ...classes.notices, ...settled.notices],
		origin: {
			dataset: `${source}@${found.commit}${config}${optionsText({ ...name.options })}` as const,
			...settled.origin,
			files: sha256OfBytes(JSON.stringify(found.fingerprints)),
		},
	}
}

function hasColumn({ columns }: ParquetFile, column: string): boolean {
	return columns.some(({ name }) => name === column)
}

function requireColumn(file: ParquetFile, column: string, source: string): void {
	if (hasColumn(file, column)) return
	throw new NaptuneError('NAP_FILE_INVALID', `${file.path} of ${source} lacks the column ${column} of the first file.`)
}

function rowsOf(split: ReadSplit | undefined, { labelOf }: HubClasses): Row[] {
	if (!split) return []
	let where = 0
	return split.files.flatMap((file) =>
		Array.from({ length: file.rows }, (_, row): Row => {
			const position = where++
			return { id: `${split.name}/${position}`, label: labelOf(at(split.labels, position)), file, row }
		}),
	)
}

function parquetSplit(rows: readonly Row[], images: ImageReader, source: string): Split {
	const where = (index: number): Row => {
		const row = rows[index]
		if (!row) throw new RangeError(`Position ${index} of a split of ${rows.length} images.`)
		return row
	}
	const read = async (index: number) => {
		const { id, file, row } = where(index)
		return { bytes: await images(file, row), name: `${id} of ${source}` }
	}
	return {
		length: rows.length,
		label: (index) => where(index).label,
		id: (index) => where(index).id,
		source: async (index): Promise<ImageSource> => ({ kind: 'encoded', ...(await read(index)) }),
		image: async (index) => {
			const { bytes, name } = await read(index)
			return decodeImage(bytes, name)
		},
	}
}
