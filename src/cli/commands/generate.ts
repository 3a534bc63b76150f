/** `naptune generate`: adversarial images made on surrogates, once, to be tried on any model. */

import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { openSurrogate } from '../../attacks/files/open-surrogate.js'
import { threatModel } from '../../attacks/sets/threat-model.js'
import { normalisations } from '../../classifier/onnx-file/onnx-input.js'
import type { Dataset } from '../../data/dataset.js'
import { generateAdversarialImages } from '../../evaluation/stores/generate.js'
import { attackListHelp, attackOption, limitOption, splitOption } from '../attack-options.js'
import { Interruption } from '../exit-codes.js'
import { epsilonText } from '../format.js'
import { chosenImages, dataOption, dataRootOption, loadData, loadModel, modelOption } from '../inputs.js'
import { type LoadingOptions, loaderThreadsOption, readableImages, unreadableOption } from '../loading.js'
import {
	addSharedOptions,
	attackSettingOption,
	batchSizeOption,
	epsilonOption,
	type SharedOptions,
	seedOption,
} from '../options.js'
import { type Session, withSession } from '../session.js'

interface GenerateOptions extends SharedOptions, LoadingOptions {
	readonly surrogate: readonly string[]
	readonly normalisation?: keyof typeof normalisations
	readonly attack: string
	readonly set: Readonly<Record<string, unknown>>
	readonly epsilon: number
	readonly model: string
	readonly data: string
	readonly dataRoot?: string
	readonly split: 'train' | 'validation' | 'test'
	readonly limit?: number
	readonly batchSize: number
	readonly seed: number
}

/** Adds the command. */
export function addGenerateCommand(program: Command): void {
	const means = { surrogates: true, listed: true } as const
	addSharedOptions(
		program
			.command('generate')
			.description(
				'Make adversarial images on surrogates, without the model that they are for, and store them: they are made once and tried on any model. A stopped command goes on where it was; a larger --limit adds images.',
			)
			.argument('<store>', 'folder of the images; new, or one that this command began')
			.addOption(
				new Option(
					'--surrogate <file>',
					'classifier of the same classes as .onnx, such as naptune surrogate makes; repeat it',
				)
					.argParser((file: string, before: readonly string[] | undefined) => [...(before ?? []), file])
					.makeOptionMandatory(),
			)
			.addOption(
				new Option(
					'--normalisation <name>',
					'how surrogates read pixels of [0, 1] that do not say so themselves (default: guessed, with a note)',
				).choices(Object.keys(normalisations)),
			)
			.addOption(
				attackOption('attack, see below; those that are not made for surrogates take exactly one', means).default(
					'mi-cwa',
				),
			)
			.addOption(attackSettingOption('steps=20'))
			.addOption(
				epsilonOption('L-infinity size of the attack, such as 1/255').default(16 / 255, "16/255, that of CWA's paper"),
			)
			.addOption(modelOption())
			.addOption(dataOption())
			.addOption(dataRootOption())
			.addOption(splitOption())
			.addOption(limitOption())
			.addOption(batchSizeOption())
			.addOption(loaderThreadsOption())
			.addOption(unreadableOption())
			.addOption(
				seedOption('seed of the attack, of the choice of images, and of the split where the data come without one', 1),
			),
	)
		.addHelpText(
			'after',
			`
${attackListHelp(means)}

Of --model only the image size and the preprocessing are used: the images suit
every checkpoint that prepares images alike. Then: naptune evaluate RUN --images STORE.

Examples:
  $ naptune generate images/cwa --surrogate plain.onnx --surrogate residual.onnx --surrogate depthwise.onnx
  $ naptune evaluate runs/photos --images images/cwa
  $ naptune generate images/ags --attack ags --surrogate substitute.onnx --epsilon 8/255`,
		)
		.action((store: string, options: GenerateOptions) =>
			withSession(options, (session) => runGenerate(resolve(store), options, session)),
		)
}

async function runGenerate(folder: string, options: GenerateOptions, session: Session): Promise<void> {
	const { attack, seed, batchSize } = options
	const clip = await loadModel(options.model)
	const whole = await loadData(session, options.data, seed, options.dataRoot)
	const chosen = chosenImages(whole, options)
	const { dataset, split } = await readableImages(session, whole, chosen, options.split, options.unreadable)
	const engine = await session.engine()
	const surrogates = await openSurrogates(options, dataset, session)
	const threat = threatModel('linf', options.epsilon)
	session.progress.line(
		`${split.length} ${options.split} images of ${dataset.name}, ${attack} on ${surrogates.map(({ name }) => name).join(', ')}, L-infinity epsilon ${epsilonText(threat.epsilon)}, seed ${seed}`,
	)
	session.writesTo(folder)
	let task: ReturnType<Session['progress']['start']> | undefined
	let finished = 0
	let under = 0
	const generated = await generateAdversarialImages({
		folder,
		engine,
		clip,
		dataset,
		splitName: options.split,
		split,
		attack,
		options: options.set,
		surrogates,
		threatModel: threat,
		seed,
		batchSize,
		signal: session.signal,
		onStart: (before) => {
			finished = before
			task = session.progress.start('making images', split.length, 'images', before)
		},
		onProgress: (done) => {
			finished = done
			under = 0
			task?.update(done)
		},
		onGradient: (images, perImage) => {
			under += images / perImage
			// A batch can take long: its part that is done counts as so many images.
			task?.update(Math.min(Math.floor(finished + under), split.length))
		},
	}).finally(async () => {
		task?.end()
		for (const { classifier } of surrogates) await classifier.release()
	})
	if (!generated) throw new Interruption('Stopped. The images are saved; the same command goes on from there.')
	const { manifest, made, before } = generated
	session.result(
		{ store: folder, images: split.length, made, before, manifest },
		[
			`${made} adversarial images made${before > 0 ? `, ${before} were there` : ''}: ${folder}`,
			`${attack}, L-infinity epsilon ${epsilonText(threat.epsilon)}, seed ${seed}, on ${manifest.models.map(({ name }) => name).join(', ')}`,
		].join('\n'),
	)
}

async function openSurrogates(options: GenerateOptions, dataset: Dataset, session: Session) {
	const engine = await session.engine()
	const { normalisation } = options
	const declared = normalisation && { input: { normalisation, channelOrder: 'rgb' as const } }
	const opened = []
	for (const path of options.surrogate) {
		const surrogate = await openSurrogate(engine, resolve(path), dataset.classNames, declared)
		for (const notice of surrogate.notices) session.progress.line(`note: ${surrogate.name}: ${notice}`)
		opened.push(surrogate)
	}
	return opened
}
