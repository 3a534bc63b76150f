/** `naptune distortion`: how far an attack moves the tokens of every layer, before and after the refiner. */

import { join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { prepareAttack } from '../../attacks/registry.js'
import { threatModel } from '../../attacks/sets/threat-model.js'
import { controlDefense } from '../../evaluation/deployed/control.js'
import { recordedDistortion } from '../../evaluation/distortion/recorded-distortion.js'
import { recordName } from '../../evaluation/robustness/record-name.js'
import { distortionFigure } from '../../report/distortion-figure.js'
import { writeFigure } from '../../report/figure.js'
import { attackOption, splitOption } from '../attack-options.js'
import { distortionTables } from '../distortion-tables.js'
import { Interruption } from '../exit-codes.js'
import { epsilonText } from '../format.js'
import { chosenImages, dataRootOption } from '../inputs.js'
import { type LoadingOptions, loaderThreadsOption, readableImages, tunedRun, unreadableOption } from '../loading.js'
import {
	addSharedOptions,
	attackSettingOption,
	batchSizeOption,
	runEpsilonOption,
	runModelOption,
	type SharedOptions,
	seedOption,
	wholeNumber,
} from '../options.js'
import { type Session, withSession } from '../session.js'

interface DistortionOptions extends SharedOptions, LoadingOptions {
	readonly attack: string
	readonly set: Readonly<Record<string, unknown>>
	readonly epsilon?: number
	readonly split: 'train' | 'validation' | 'test'
	readonly limit: number
	readonly batchSize: number
	readonly seed: number
	readonly model?: string
	readonly dataRoot?: string
}

/** Adds the command. */
export function addDistortionCommand(program: Command): void {
	addSharedOptions(
		program
			.command('distortion')
			.description(
				'Measure by layer how far a perturbation moves the image tokens of a tuned model, before and after its refiners, and those of vanilla CLIP: under the attack on either model and under noise of the same size. Writes a record and a figure into the run.',
			)
			.argument('<run>', 'run directory of naptune tune')
			.addOption(attackOption('attack').default('pgd-20'))
			.addOption(attackSettingOption('steps=50'))
			.addOption(runEpsilonOption('attack and noise'))
			.addOption(splitOption('images to perturb'))
			.addOption(
				new Option('--limit <count>', 'at most so many images, balanced over the classes')
					.argParser(wholeNumber(2))
					.default(100),
			)
			.addOption(batchSizeOption())
			.addOption(seedOption('seed of attack and noise and of the choice of images', 1))
			.addOption(loaderThreadsOption())
			.addOption(unreadableOption())
			.addOption(runModelOption())
			.addOption(dataRootOption('where the run found them')),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune distortion runs/photos --epsilon 1/255 --limit 200`,
		)
		.action((run: string, options: DistortionOptions) =>
			withSession(options, (session) => runDistortion(run, options, session)),
		)
}

async function runDistortion(directory: string, options: DistortionOptions, session: Session): Promise<void> {
	const run = await tunedRun(session, resolve(directory), options.model, options.dataRoot)
	const attack = prepareAttack(options.attack, options.set)
	const threat = threatModel('linf', options.epsilon ?? run.protocol.epsilon)
	const whole = await run.dataset()
	for (const notice of whole.notices) session.progress.line(`note: ${notice}`)
	const chosen = chosenImages(whole, options)
	const { dataset, split } = await readableImages(session, whole, chosen, options.split, options.unreadable)
	const { defense, parameters } = run
	const protocol = `${split.length} ${options.split} images of ${dataset.name}, ${attack.name}, L-infinity epsilon ${epsilonText(threat.epsilon)}, seed ${options.seed}`
	session.progress.line(protocol)
	const folder = join(run.directory, 'distortion')
	session.writesTo(folder)
	const inputs = { defense, split, attack, threatModel: threat, seed: options.seed, splitName: options.split }
	const path = join(folder, recordName(inputs))
	const task = session.progress.start('attacking both models', 2 * split.length, 'images')
	const perImage = attack.cost(dataset.classNames.length).gradients
	let gradients = 0
	const record = await recordedDistortion({
		...inputs,
		engine: await session.engine(),
		clip: run.clip,
		dataset,
		control: { defense: controlDefense(run.clip, dataset), parameters: {} },
		tuned: { defense, parameters },
		batchSize: options.batchSize,
		path,
		signal: session.signal,
		onProgress: (done) => task.update(2 * done),
		onGradient: (images) => {
			gradients += images
			if (perImage > 0) task.update(Math.min(Math.floor(gradients / perImage), 2 * split.length))
		},
	}).finally(() => task.end())
	if (!record) throw new Interruption('Stopped. Nothing was written; the same command starts anew.')
	const figures = ['svg', 'png'].map((ending) => path.replace(/json$/, ending))
	await writeFigure(distortionFigure(record, protocol), ...figures)
	session.result(
		{
			run: run.directory,
			attack: attack.name,
			norm: threat.norm,
			epsilon: threat.epsilon,
			split: options.split,
			images: split.length,
			seed: options.seed,
			notices: dataset.notices,
			measurements: record.measurements,
			record: path,
			figures,
		},
		[
			distortionTables(record),
			'',
			`${protocol}; record and figure:`,
			...[path, ...figures].map((file) => `  ${file}`),
		].join('\n'),
	)
}
