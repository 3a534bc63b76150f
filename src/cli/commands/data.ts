/** `naptune data`: the data sets that can be named, and whether one is whole. */

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { benchmarksAt } from '../../data/benchmarks/benchmark-places.js'
import { listFiles } from '../../data/benchmarks/open-benchmark.js'
import { loadCifar10Mini } from '../../data/cifar10-mini.js'
import { type Examination, examine } from '../../data/examine.js'
import { benchmarks, datasetNames } from '../../data/registry.js'
import { sourceForms } from '../../data/sources.js'
import { zeroShotTemplate } from '../../data/templates.js'
import { examinationText } from '../examination-text.js'
import { FailedCheck } from '../exit-codes.js'
import { followDownload } from '../follow-download.js'
import { grouped } from '../format.js'
import { dataRootOption, packagedData } from '../inputs.js'
import { addSharedOptions, type SharedOptions, seedOption, wholeNumber } from '../options.js'
import type { ProgressTask } from '../progress.js'
import { type Session, withSession } from '../session.js'
import { textTable } from '../table.js'

interface ListOptions extends SharedOptions {
	readonly dataRoot?: string
}

interface DoctorOptions extends ListOptions {
	readonly decode: 'all' | number
	readonly seed: number
}

/** Adds the group. */
export function addDataCommand(program: Command): void {
	const group = program.command('data').description('Data sets: which can be named, and whether one is whole.')
	addList(group)
	addDoctor(group)
}

function addList(group: Command): void {
	addSharedOptions(
		group
			.command('list')
			.description('List the data sets that can be named, and which of them are there.')
			.addOption(dataRootOption()),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune data list --data-root ~/datasets`,
		)
		.action((options: ListOptions) => withSession(options, (session) => runList(options, session)))
}

function addDoctor(group: Command): void {
	addSharedOptions(
		group
			.command('doctor')
			.description(
				'Examine a data set: classes and images of each split beside the published numbers, missing and unreadable images, the split file; with --json the images of every class, and all that are missing. Exits with 3 when something is wrong.',
			)
			.argument(
				'<name-or-folder>',
				`data set of naptune data list, its folder, a data root with several, folder with one folder of images per class, ${sourceForms}`,
			)
			.addOption(dataRootOption())
			.addOption(
				new Option('--decode <which>', 'images to decode: all (of ImageNet that takes hours), none, or so many of all')
					.argParser(decodeChoice)
					.default('all'),
			)
			.addOption(seedOption('seed of the split, where a folder comes without one', 1)),
	)
		.addHelpText(
			'after',
			`
Examples:
  $ naptune data doctor caltech101 --data-root ~/datasets
  $ naptune data doctor ~/datasets --decode 500
  $ naptune data doctor photos --decode 500`,
		)
		.action((data: string, options: DoctorOptions) =>
			withSession(options, (session) => runDoctor(data, options, session)),
		)
}

function decodeChoice(text: string): 'all' | number {
	if (text === 'all') return 'all'
	if (text === 'none') return 0
	try {
		return wholeNumber(1)(text)
	} catch {
		throw new InvalidArgumentError('Expected all, none, or a number of images.')
	}
}

async function runList({ dataRoot }: ListOptions, session: Session): Promise<void> {
	const root = dataRoot === undefined ? undefined : resolve(dataRoot)
	const packaged = await loadCifar10Mini()
	const rows = [
		{
			name: packagedData,
			title: 'CIFAR-10 (part)',
			folder: null,
			classes: packaged.classNames.length,
			sizes: {
				train: packaged.train.length,
				validation: packaged.validation.length,
				test: packaged.test.length,
			},
			template: zeroShotTemplate(packagedData),
			missing: [],
		},
		...benchmarks.map((benchmark) => {
			const { name, title, folder, classes, sizes, images } = benchmark
			const parts = ['', ...images, ...listFiles(benchmark)]
			const missing =
				root === undefined
					? null
					: parts.filter((part) => !existsSync(join(root, folder, part))).map((part) => join(folder, part))
			return { name, title, folder, classes, sizes, template: zeroShotTemplate(name), missing }
		}),
	]
	session.result(
		{ root: root ?? null, datasets: rows },
		[
			textTable(
				[
					{ heading: 'name' },
					{ heading: 'data set' },
					{ heading: 'classes', align: 'right' },
					{ heading: 'train', align: 'right' },
					{ heading: 'val', align: 'right' },
					{ heading: 'test', align: 'right' },
					{ heading: 'there?' },
					{ heading: 'zero-shot prompt' },
				],
				rows.map(({ name, title, folder, classes, sizes, template, missing }) => [
					name,
					title,
					grouped(classes),
					grouped(sizes.train),
					grouped(sizes.validation),
					grouped(sizes.test),
					folder === null ? 'in the package' : presence(folder, missing),
					template,
				]),
			),
			'',
			root === undefined
				? 'Where the data sets lie is said by --data-root or NAPTUNE_DATA_ROOT; then this list says which are there.'
				: `${existsSync(root) ? `Looked for below ${root}` : `The data root ${root} does not exist`}. naptune data doctor NAME says what is missing and where to get it.`,
		].join('\n'),
	)
}

function presence(folder: string, missing: readonly string[] | null): string {
	if (missing === null) return '?'
	if (missing.length === 0) return 'yes'
	return missing[0] === join(folder, '') || missing[0] === folder ? 'no' : `no ${missing[0]!.slice(folder.length + 1)}`
}

async function runDoctor(data: string, options: DoctorOptions, session: Session): Promise<void> {
	const places = datasetNames.includes(data) ? undefined : benchmarksAt(data)
	if (!places) {
		const examination = await examineOne(data, options.dataRoot, options, session)
		session.result(examination, examinationText(examination))
		if (examination.problems.length > 0) throw new FailedCheck('Something is wrong with the data set.')
		return
	}
	const { root, present } = places
	const examinations = []
	for (const { name } of present) examinations.push(await examineOne(name, root, options, session))
	if (examinations.length === 1 && resolve(data) !== root) {
		session.result(examinations[0]!, examinationText(examinations[0]!))
	} else {
		const folders = new Set(present.map(({ folder }) => folder))
		const absent = benchmarks.filter(({ folder }) => !folders.has(folder)).map(({ name }) => name)
		session.result(
			{ root, examinations, absent },
			[
				...examinations.map((examination) => `${examinationText(examination)}\n`),
				...(absent.length > 0
					? [`Not below ${root}: ${absent.join(', ')}. naptune data doctor NAME says where to get them.`]
					: []),
			].join('\n'),
		)
	}
	if (examinations.some(({ problems }) => problems.length > 0)) {
		throw new FailedCheck('Something is wrong with the data.')
	}
}

async function examineOne(
	data: string,
	root: string | undefined,
	{ decode, seed, threads }: DoctorOptions,
	session: Session,
): Promise<Examination> {
	let task: ProgressTask | undefined
	const download = followDownload(session)
	return examine(data, {
		root: root === undefined ? undefined : resolve(root),
		seed,
		decode,
		parallel: threads,
		onProgress(done, total) {
			task ??= session.progress.start('decoding', total, 'images')
			task.update(done)
			session.stopIfAsked()
		},
		onDownload: download.onProgress,
	}).finally(() => {
		download.end()
		task?.end()
	})
}
