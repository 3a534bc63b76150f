/** `naptune classify`: what a CLIP, tuned or not, sees in pictures. */

import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { ClipModel } from '../../clip/model.js'
import { defaultTemplate } from '../../clip/templates.js'
import { loadDataset } from '../../data/registry.js'
import type { Defense } from '../../defenses/defense.js'
import { prepareDefense } from '../../defenses/registry.js'
import { type ClassifiedImage, classify } from '../../evaluation/classify.js'
import { deployedClassifier } from '../../evaluation/deployed-classifier.js'
import { loadTunedRun, type TunedRun } from '../../evaluation/tuned-run.js'
import { percent } from '../format.js'
import { dataOption, loadModel, modelOption } from '../inputs.js'
import { addSharedOptions, commaList, type SharedOptions, wholeNumber } from '../options.js'
import { type Session, withSession } from '../session.js'

interface ClassifyOptions extends SharedOptions {
	readonly run?: string
	readonly model: string
	readonly classes?: readonly string[]
	readonly data: string
	readonly template: string
	readonly top: number
}

/** Adds the command. */
export function addClassifyCommand(program: Command): void {
	addSharedOptions(
		program
			.command('classify')
			.description('Classify pictures with a tuned run, or zero-shot with a CLIP and class names.')
			.argument('<image...>', 'JPEG, PNG, WebP, GIF, TIFF or AVIF files')
			.addOption(
				new Option('--run <folder>', 'run directory of naptune tune').conflicts([
					'model',
					'classes',
					'data',
					'template',
				]),
			)
			.addOption(modelOption())
			.addOption(
				new Option('--classes <names>', 'class names separated by commas (default: those of --data)')
					.argParser(commaList)
					.conflicts('data'),
			)
			.addOption(dataOption())
			.option('--template <text>', 'prompt of a class; {} stands for its name', defaultTemplate)
			.addOption(new Option('--top <count>', 'classes to name per picture').argParser(wholeNumber(1)).default(5)),
	)
		.addHelpText(
			'after',
			`
Examples:
  $ naptune classify cat.jpg --run runs/photos
  $ naptune classify cat.jpg --model openai/clip-vit-base-patch16 --classes "cat,dog,tennis racket"`,
		)
		.action((images: string[], options: ClassifyOptions) =>
			withSession(options, (session) => runClassify(images, options, session)),
		)
}

async function runClassify(images: readonly string[], options: ClassifyOptions, session: Session): Promise<void> {
	const { clip, defense, parameters } = await chosenModel(options)
	const classifier = await deployedClassifier(await session.engine(), clip, defense, parameters)
	const found: ClassifiedImage[] = []
	const task = session.progress.start('classifying', images.length, 'images')
	try {
		for await (const image of classify(clip, classifier, images, options)) {
			found.push(image)
			task.update(found.length)
			session.stopIfAsked()
		}
	} finally {
		task.end()
		await classifier.release()
	}
	session.result({ defense: defense.name, classNames: defense.classNames, images: found }, found.map(lines).join('\n'))
}

async function chosenModel(
	options: ClassifyOptions,
): Promise<{ readonly clip: ClipModel; readonly defense: Defense; readonly parameters: TunedRun['parameters'] }> {
	if (options.run !== undefined) return loadTunedRun(resolve(options.run))
	const clip = await loadModel(options.model)
	const classNames = options.classes ?? (await loadDataset(options.data)).classNames
	const defense = prepareDefense('vanilla', clip, classNames, { templates: [options.template] })
	return { clip, defense, parameters: {} }
}

function lines({ path, classes }: ClassifiedImage): string {
	return [path, ...classes.map(({ className, probability }) => `  ${percent(probability)}  ${className}`)].join('\n')
}
