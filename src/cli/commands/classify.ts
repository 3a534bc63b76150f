/** `naptune classify`: what a CLIP, tuned or not, sees in pictures. */

import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { Classifier } from '../../classifier/classifier.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { loadDataset } from '../../data/registry.js'
import { zeroShotTemplate } from '../../data/templates.js'
import { prepareDefense } from '../../defenses/registry.js'
import { type ClassifiedImage, classify } from '../../evaluation/deployed/classify.js'
import { deployedClassifier } from '../../evaluation/deployed/deployed-classifier.js'
import { loadTunedRun, type TunedRun } from '../../evaluation/deployed/tuned-run.js'
import { type CalibratedScore, flagRates, type RefinementAssessment } from '../../evaluation/detection/assessment.js'
import { type Calibration, calibrate, hasCorrections } from '../../evaluation/detection/recorded-calibration.js'
import { defaultTemplate } from '../../vlm/class-prompts.js'
import { checkedClasses } from '../class-names.js'
import { ownImagesText, rateText } from '../flag-text.js'
import { percent } from '../format.js'
import { dataOption, dataRootOption, loadModel, modelOption } from '../inputs.js'
import { addSharedOptions, commaList, falsePositiveRateOption, type SharedOptions, wholeNumber } from '../options.js'
import type { ProgressTask } from '../progress.js'
import { type Session, withSession } from '../session.js'

interface ClassifyOptions extends SharedOptions {
	readonly run?: string
	readonly model: string
	readonly classes?: readonly string[]
	readonly data: string
	readonly dataRoot?: string
	readonly template?: string
	readonly top: number
	readonly falsePositiveRate: number
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
			.addOption(dataRootOption())
			.option(
				'--template <text>',
				`prompt of a class; {} stands for its name (default: that of --data, for --classes ${JSON.stringify(defaultTemplate)})`,
			)
			.addOption(new Option('--top <count>', 'classes to name per picture').argParser(wholeNumber(1)).default(5))
			.addOption(falsePositiveRateOption()),
	)
		.addHelpText(
			'after',
			`
Examples:
  $ naptune classify cat.jpg --run runs/photos
  $ naptune classify cat.jpg --model openai/clip-vit-base-patch16 --classes "cat,dog,tennis racket"`,
		)
		.action((images: string[], options: ClassifyOptions, command: Command) => {
			if (options.run === undefined && command.getOptionValueSource('falsePositiveRate') === 'cli') {
				command.error(
					'error: --false-positive-rate says which corrections of a tuned run are flagged, and a CLIP without a run corrects nothing; give --run <folder> too, or leave it out.',
				)
			}
			return withSession(options, (session) => runClassify(images, options, session))
		})
}

async function runClassify(images: readonly string[], options: ClassifyOptions, session: Session): Promise<void> {
	const { clip, defense, parameters, run } = await chosenModel(options)
	const classifier = await deployedClassifier(await session.engine(), clip, defense, parameters)
	const found: ClassifiedImage[] = []
	const { top, falsePositiveRate } = options
	const calibration = run && (await calibrationOf(run, classifier, session))
	const task = session.progress.start('classifying', images.length, 'images')
	try {
		const corrections = calibration && { calibration, falsePositiveRate }
		for await (const image of classify(clip, classifier, images, {
			top,
			...defined({ corrections: corrections || undefined }),
		})) {
			found.push(image)
			task.update(found.length)
			session.stopIfAsked()
		}
	} finally {
		task.end()
		await classifier.release()
	}
	const rates = calibration && flagRates(calibration, falsePositiveRate)
	session.result(
		{
			defense: defense.name,
			classNames: defense.classNames,
			...defined({ calibration: rates || undefined }),
			images: found,
		},
		[...found.map(lines), ...(rates ? ['', flagText(rates)] : [])].join('\n'),
	)
}

/** The calibration of a run with refiners; made at the first use. Pictures are classified without one, too. */
async function calibrationOf(
	run: TunedRun,
	classifier: Classifier,
	{ progress, stopIfAsked, writesTo }: Session,
): Promise<Calibration | undefined> {
	if (!hasCorrections(classifier)) return undefined
	writesTo(run.directory)
	let task: ProgressTask | undefined
	try {
		return await calibrate({
			run,
			classifier,
			onNotice: (notice) => progress.line(`note: ${notice}`),
			onProgress: (done, total) => {
				task ??= progress.start('calibrating', total, 'images')
				task.update(done)
			},
			beforeBatch: stopIfAsked,
		})
	} catch (error) {
		if (!(error instanceof NaptuneError)) throw error
		progress.line(`note: How heavily pictures were corrected is left out: ${error.message}`)
		return undefined
	} finally {
		task?.end()
	}
}

function flagText({ heavilyCorrected, images, split }: ReturnType<typeof flagRates>): string {
	const { target, threshold } = heavilyCorrected
	const flag =
		threshold === null
			? `${images} clean ${split} images are too few to flag any at ${rateText(target)}`
			: `flagged where p is at most ${rateText(target)}, which ${ownImagesText(heavilyCorrected, split)}`
	return `p: share of clean images that are corrected at least as much; ${flag}. An attacker who knows this score can evade it.`
}

async function chosenModel(
	options: ClassifyOptions,
): Promise<Pick<TunedRun, 'clip' | 'defense' | 'parameters'> & { readonly run?: TunedRun }> {
	if (options.run !== undefined) {
		const run = await loadTunedRun(resolve(options.run), undefined, options.dataRoot)
		return { ...run, run }
	}
	const clip = await loadModel(options.model)
	const { name, classNames } = options.classes
		? { name: '', classNames: checkedClasses(options.classes) }
		: await loadDataset(options.data, { root: options.dataRoot })
	const defense = prepareDefense('vanilla', clip, classNames, {
		templates: [options.template ?? zeroShotTemplate(name)],
	})
	return { clip, defense, parameters: {} }
}

function lines({ path, classes, refinement }: ClassifiedImage): string {
	return [
		path,
		...classes.map(({ className, probability }) => `  ${percent(probability)}  ${className}`),
		...(refinement ? [correctionText(refinement)] : []),
	].join('\n')
}

function correctionText({ correction, disagreement, heavilyCorrected }: RefinementAssessment): string {
	const text = (name: string, { score, pValue }: CalibratedScore) =>
		`${name} ${score.toPrecision(3)} (p ${pValue.toPrecision(2)})`
	return [
		`  ${heavilyCorrected ? 'heavily corrected: ' : ''}${text('correction', correction)}`,
		...(disagreement ? [`${text('disagreement', disagreement)}${disagreement.high ? ', high' : ''}`] : []),
	].join(', ')
}
