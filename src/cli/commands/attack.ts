/** `naptune attack`: any ONNX model of an image classifier under attack. */

import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { prepareAttack } from '../../attacks/registry.js'
import { type Norm, threatModel } from '../../attacks/sets/threat-model.js'
import { type OnnxClassifierOptions, openOnnxClassifier } from '../../classifier/onnx-file/onnx-classifier.js'
import { type InputDeclaration, normalisations, pixelRanges } from '../../classifier/onnx-file/onnx-input.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { isRecord } from '../../core/guards.js'
import { type LabelledImages, loadLabelledFolder } from '../../data/folders/labelled-folder.js'
import { datasetNames, loadDataset } from '../../data/registry.js'
import { isSource, sourceForms } from '../../data/sources.js'
import { atMost } from '../../data/subsets.js'
import { classPositions } from '../../evaluation/deployed/class-positions.js'
import {
	type OnnxAttackRecord,
	recordedOnnxAttack,
	resizings,
} from '../../evaluation/robustness/recorded-onnx-attack.js'
import { readJsonFile } from '../../files/json-file.js'
import type { DownloadProgress } from '../../hub/hub-download.js'
import { onnxAttackFile } from '../../records/names.js'
import {
	attackListHelp,
	attackOption,
	checkEpsilon,
	epsilonInNormOption,
	limitOption,
	normOption,
} from '../attack-options.js'
import { readClassNames } from '../class-names.js'
import { Interruption } from '../exit-codes.js'
import { followAttack } from '../follow-attack.js'
import { followDownload } from '../follow-download.js'
import { duration, normText, percent, percentInterval, sizeText } from '../format.js'
import { dataRootOption } from '../inputs.js'
import { type LoadingOptions, readableImages, unreadableOption } from '../loading.js'
import { addSharedOptions, attackSettingOption, batchSizeOption, type SharedOptions, seedOption } from '../options.js'
import { type Session, withSession } from '../session.js'
import { stageTable } from '../stage-table.js'
import { textTable } from '../table.js'

interface AttackOptions extends SharedOptions, Pick<LoadingOptions, 'unreadable'> {
	readonly onnx: string
	readonly data: string
	readonly dataRoot?: string
	readonly attack: string
	readonly set: Readonly<Record<string, unknown>>
	readonly norm: Norm
	readonly epsilon: number
	readonly limit?: number
	readonly batchSize: number
	readonly seed: number
	readonly output: string
	readonly layout?: 'nchw' | 'nhwc'
	readonly range?: keyof typeof pixelRanges
	readonly normalisation?: keyof typeof normalisations
	readonly mean?: readonly number[]
	readonly std?: readonly number[]
	readonly channelOrder?: 'rgb' | 'bgr'
	readonly size?: readonly [number, number]
	readonly resize: keyof typeof resizings
	readonly inputName?: string
	readonly outputName?: string
	readonly outputKind?: 'logits' | 'probabilities'
	readonly classes?: string
	readonly classMap?: string
}

/** Adds the command. */
export function addAttackCommand(program: Command): void {
	addSharedOptions(
		program
			.command('attack')
			.description(
				'Attack any ONNX model of an image classifier with its own gradient, and count what it still gets right. Nothing has to be prepared in the file; what it does not say of its input is guessed, with a note. A stopped attack goes on where it was.',
			)
			.requiredOption('--onnx <file>', 'model to attack')
			.requiredOption(
				'--data <folder-or-name>',
				`folder with one folder of images per class, ${sourceForms}, or a data set: ${datasetNames.join(', ')}`,
			)
			.addOption(dataRootOption())
			.addOption(attackOption('attack, see below', { listed: true }).default('pgd-100'))
			.addOption(attackSettingOption('restarts=5'))
			.addOption(normOption())
			.addOption(
				epsilonInNormOption(
					'size of the perturbation for pixels in [0, 1], such as 4/255, or 0.5 in L2',
				).makeOptionMandatory(),
			)
			.addOption(limitOption())
			.addOption(unreadableOption())
			.addOption(batchSizeOption())
			.addOption(seedOption('seed of the attack and of the choice of images', 1))
			.option('--output <folder>', 'where the record is written', 'attacks')
			.addOption(
				new Option('--layout <name>', "order of the input's axes (default: as its shape tells)").choices([
					'nchw',
					'nhwc',
				]),
			)
			.addOption(
				new Option(
					'--range <name>',
					'range of pixels before normalisation (default: 0..1 with a normalisation, else guessed)',
				).choices(Object.keys(pixelRanges)),
			)
			.addOption(
				new Option(
					'--normalisation <name>',
					'usual mean and deviation (default: none with a range, else guessed)',
				).choices(Object.keys(normalisations)),
			)
			.addOption(
				new Option(
					'--mean <numbers>',
					'mean in the unit of the range, per channel (default: as --normalisation)',
				).argParser(numberList),
			)
			.addOption(
				new Option(
					'--std <numbers>',
					'deviation in the unit of the range, per channel (default: as --normalisation)',
				).argParser(numberList),
			)
			.addOption(
				new Option('--channel-order <name>', "order of the input's colours (default: rgb, as a guess)").choices([
					'rgb',
					'bgr',
				]),
			)
			.addOption(
				new Option(
					'--size <pixels>',
					'side, or HEIGHTxWIDTH, where the model leaves it open (default: as the model reads)',
				).argParser(imageSize),
			)
			.addOption(
				new Option(
					'--resize <name>',
					`how pictures get that size: ${Object.entries(resizings)
						.map(([name, what]) => `${name} (${what})`)
						.join('; ')}`,
				)
					.choices(Object.keys(resizings))
					.default('crop'),
			)
			.option('--input-name <name>', 'input that takes the images (default: the only one of rank 4)')
			.option(
				'--output-name <name>',
				'output that holds logits (default: logits, or the only one with a row per image)',
			)
			.addOption(
				new Option('--output-kind <name>', 'what it holds (default: as the graph tells)').choices([
					'logits',
					'probabilities',
				]),
			)
			.option(
				'--classes <file-or-names>',
				"the model's class names in its order: a file with one per line or a JSON list, or names separated by commas (default: those of the file's metadata)",
			)
			.option(
				'--class-map <file>',
				'JSON object from class folder to name or position in the model (default: folders go by their names)',
			),
	)
		.addHelpText(
			'after',
			`
${attackListHelp()}

Examples:
  $ naptune attack --onnx resnet50.onnx --data imagenet/val --classes imagenet-classes.txt \\
      --normalisation imagenet --resize margin --attack pgd-100 --epsilon 4/255 --limit 200
  $ naptune attack --onnx model.onnx --data photos --attack autoattack --norm l2 --epsilon 0.5`,
		)
		.hook('preAction', checkEpsilon)
		.action((options: AttackOptions) => withSession(options, (session) => runAttackCommand(options, session)))
}

async function runAttackCommand(options: AttackOptions, session: Session): Promise<void> {
	const attack = prepareAttack(options.attack, options.set)
	if (attack.targeted) {
		throw new NaptuneError(
			'A targeted attack needs a class to aim at, which only naptune evaluate can be told (--target).',
		)
	}
	const threat = threatModel(options.norm, options.epsilon)
	const { onProgress, end } = followDownload(session)
	const data = await images(options, session, onProgress).finally(end)
	const classifier = await openOnnxClassifier(await session.engine(), options.onnx, await declared(options))
	try {
		const { positions, notices: labelNotices } = classPositions({
			folders: data.folders,
			classNames: classifier.classNames,
			hasNames: classifier.classNamesFrom !== 'positions',
			...defined({ mapping: options.classMap === undefined ? undefined : await classMap(options.classMap) }),
		})
		const notices = [...data.notices, ...classifier.notices, ...labelNotices]
		for (const notice of notices) session.progress.line(`note: ${notice}`)
		const protocol = `${data.images.length} images of ${data.name}, ${normText(threat.norm)} epsilon ${sizeText(threat)}, seed ${options.seed}`
		session.progress.line(`${protocol}, ${attack.name}`)
		const folder = resolve(options.output)
		session.writesTo(folder)
		const several = attack.rounds(classifier.classNames.length).length > 1
		const follow = followAttack(session, `attacking ${basename(options.onnx)}`, data.images.length, several)
		const found = await recordedOnnxAttack({
			engine: await session.engine(),
			classifier,
			data,
			positions,
			resizing: options.resize,
			attack,
			threatModel: threat,
			seed: options.seed,
			batchSize: options.batchSize,
			notices,
			path: (settings) => join(folder, onnxAttackFile(settings)),
			signal: session.signal,
			onProgress: follow.tell,
		}).finally(follow.end)
		if (!found) throw new Interruption('Stopped. The outcomes are saved; the same command goes on from there.')
		for (const notice of found.record.notices.slice(notices.length)) session.progress.line(`note: ${notice}`)
		const { outcomes, ...rest } = found.record
		session.result({ ...rest, record: found.path }, text(options, found.record, found.path, protocol))
	} finally {
		await classifier.release()
	}
}

function text(options: AttackOptions, record: OnnxAttackRecord, path: string, protocol: string): string {
	return [
		textTable(
			[
				{ heading: 'model' },
				{ heading: 'clean accuracy [95 %]', align: 'right' },
				{ heading: `accuracy under ${record.attack.name} [95 %]`, align: 'right' },
				{ heading: 'time', align: 'right' },
			],
			[
				[
					basename(options.onnx),
					`${percent(record.clean.accuracy)} ${percentInterval(record.clean.interval)}`,
					`${percent(record.robust.accuracy)} ${percentInterval(record.robust.interval)}`,
					duration(record.seconds),
				],
			],
		),
		'',
		...(record.stages ? [stageTable([{ ...record, name: basename(options.onnx) }], 'model'), ''] : []),
		`${protocol}; per-image outcomes:`,
		`  ${path}`,
	].join('\n')
}

async function images(
	{ data, dataRoot, limit, seed, unreadable }: AttackOptions,
	session: Session,
	onProgress: (progress: DownloadProgress) => void,
): Promise<LabelledImages> {
	const whole =
		datasetNames.includes(data) || isSource(data)
			? await namedImages(data, seed, onProgress, dataRoot)
			: await folderImages(data)
	const chosen = atMost(whole.images, limit, seed)
	const { dataset, split } = await readableImages(session, whole, chosen, 'chosen', unreadable)
	return { ...dataset, images: split }
}

async function folderImages(path: string): Promise<LabelledImages> {
	if (existsSync(path)) return loadLabelledFolder(path)
	throw new NaptuneError(
		`${JSON.stringify(path)} is neither a known data set (${datasetNames.join(', ')}) nor a folder that exists, and not ${sourceForms}.`,
	)
}

async function namedImages(
	name: string,
	seed: number,
	onProgress: (progress: DownloadProgress) => void,
	root: string | undefined,
): Promise<LabelledImages> {
	const { classNames, test, notices, origin } = await loadDataset(name, { seed, root, onProgress })
	return { name, folders: classNames, images: test, notices, origin }
}

async function declared(options: AttackOptions): Promise<OnnxClassifierOptions> {
	const { layout, range, normalisation, mean, std, channelOrder, size, inputName, outputName, outputKind } = options
	if ((mean === undefined) !== (std === undefined)) throw new NaptuneError('Give --mean and --std together.')
	if (mean && normalisation) throw new NaptuneError('Give either --normalisation or --mean and --std.')
	const values = mean && std ? { mean, std } : normalisation
	const input: InputDeclaration = {
		...defined({
			layout: layout || undefined,
			range: range || undefined,
			normalisation: values || undefined,
			channelOrder: channelOrder || undefined,
			size: size || undefined,
			name: inputName,
		}),
	}
	return {
		input,
		...defined({
			output: outputName,
			outputKind: outputKind || undefined,
			classNames: options.classes !== undefined ? await readClassNames(options.classes) : undefined,
		}),
	}
}

async function classMap(path: string): Promise<Record<string, string | number>> {
	const mapping = await readJsonFile(path)
	const usable =
		isRecord(mapping) && Object.values(mapping).every((value) => typeof value === 'string' || typeof value === 'number')
	if (usable) return mapping as Record<string, string | number>
	throw new NaptuneError(`${path} is not a JSON object from class folders to names or positions of classes.`)
}

function numberList(text: string): number[] {
	const numbers = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)))
	if (numbers.every(Number.isFinite)) return numbers
	throw new InvalidArgumentError('Expected numbers separated by commas, such as 0.485,0.456,0.406.')
}

function imageSize(text: string): [number, number] {
	const match = /^(\d+)(?:x(\d+))?$/.exec(text.trim())
	const [height, width] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])]
	if (match && height > 0 && width > 0) return [height, width]
	throw new InvalidArgumentError('Expected a size such as 224 or 224x192 (height x width).')
}
