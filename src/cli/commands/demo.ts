/** `naptune demo`: NAP-Tuning on the embedded model and data, from nothing to a table of robust accuracies. */

import { join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { prepareAttack } from '../../attacks/registry.js'
import { parseEpsilon, threatModel } from '../../attacks/sets/threat-model.js'
import { embeddedModel } from '../../checkpoints/checkpoint.js'
import { NaptuneError } from '../../core/errors.js'
import { stratifiedSubset } from '../../data/subsets.js'
import { controlDefense } from '../../evaluation/deployed/control.js'
import type { EvaluationRecord } from '../../evaluation/robustness/recorded-evaluation.js'
import type { TuningConfig } from '../../methods/tuning/configuration.js'
import { loadPreset, presetConfig, presetEvaluationSchema } from '../../methods/tuning/presets.js'
import { tune } from '../../methods/tuning/tune.js'
import { Interruption } from '../exit-codes.js'
import { followTuning } from '../follow-tuning.js'
import { duration, epsilonText, grouped } from '../format.js'
import { loadData, loadModel, packagedData } from '../inputs.js'
import { accuracyTable, measure } from '../measure.js'
import { addSharedOptions, given, type SharedOptions, seedOption, wholeNumber } from '../options.js'
import { type Session, withSession } from '../session.js'

interface DemoOptions extends SharedOptions {
	readonly full?: boolean
	readonly output?: string
	readonly resume?: boolean
	readonly shots?: number
	readonly epochs?: number
	readonly images?: number
	readonly seed?: number
}

/** Adds the command. */
export function addDemoCommand(program: Command): void {
	const ofPreset = (what: string) => `${what} (default: the preset's)`
	addSharedOptions(
		program
			.command('demo')
			.description(
				'Tune NAP on the embedded CLIP and photographs, then attack it and vanilla CLIP with PGD-100; a few minutes on two cores.',
			)
			.option('--full', "the paper's schedule on all 1,000 test images (preset paper), which takes far longer")
			.option('--output <folder>', 'run directory to write (default: runs/demo-<date and time>)')
			.option('--resume', 'continue the demo that the --output folder holds')
			.addOption(new Option('--shots <count>', ofPreset('training images per class')).argParser(wholeNumber(1)))
			.addOption(new Option('--epochs <count>', ofPreset('passes over the training images')).argParser(wholeNumber(1)))
			.addOption(
				new Option('--images <count>', ofPreset('test images to attack, balanced over the classes')).argParser(
					wholeNumber(1),
				),
			)
			.addOption(seedOption("seed of tuning and evaluation (default: the preset's, 1)")),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune demo
  $ naptune demo --json --quiet > demo.json`,
		)
		.action((options: DemoOptions) => withSession(options, (session) => runDemo(options, session)))
}

async function runDemo(options: DemoOptions, session: Session): Promise<void> {
	if (options.resume && options.output === undefined) {
		throw new NaptuneError('--resume needs --output FOLDER: the run directory of the demo to continue.')
	}
	const { progress } = session
	const started = performance.now()
	const preset = await loadPreset(options.full ? 'paper' : 'demo')
	const { shots, epochs, seed: givenSeed } = options
	const { config, origin } = presetConfig(preset, undefined, given({ shots, epochs, seed: givenSeed }))
	const evaluation = presetEvaluationSchema.parse(preset.evaluation)
	const epsilon = parseEpsilon(evaluation.epsilon)
	const seed = options.seed ?? evaluation.seed
	const output = resolve(options.output ?? join('runs', `demo-${timestamp()}`))
	session.writesTo(output)
	const stop = () =>
		new Interruption(`Stopped. What was done is saved; naptune demo --resume --output ${output} goes on from there.`)

	const clip = await loadModel(embeddedModel)
	const dataset = await loadData(session, packagedData, config.seed)
	const { test } = dataset
	const images = options.images ?? evaluation.images
	const split = images === undefined ? test : stratifiedSubset(test, images, seed)
	for (const line of choices(preset.name, config, split.length, test.length, evaluation.attack, epsilon)) {
		progress.line(line)
	}

	const engine = await session.engine()
	const follower = followTuning(progress, config.epochs)
	const tuned = await tune({
		engine,
		clip,
		dataset,
		config,
		origin,
		output,
		resume: options.resume ?? false,
		signal: session.signal,
		onProgress: follower.onProgress,
		onEpoch: follower.onEpoch,
	}).finally(follower.end)
	if (!tuned.finished) throw stop()

	const records: EvaluationRecord[] = []
	const models = [
		{ defense: controlDefense(clip, dataset), parameters: {} },
		{ defense: tuned.defense, parameters: tuned.parameters },
	]
	for (const model of models) {
		const measured = await measure(session, {
			clip,
			dataset,
			splitName: 'test',
			split,
			...model,
			attack: prepareAttack(evaluation.attack),
			threatModel: threatModel('linf', epsilon),
			seed,
			folder: join(output, 'evaluations'),
		})
		if (!measured) throw stop()
		records.push(measured.record)
	}
	const seconds = (performance.now() - started) / 1000
	session.result(
		{
			epsilon,
			images: split.length,
			seconds,
			rows: records.map(({ defense, attack, clean, robust }) => ({
				defense: defense.name,
				attack: attack.name,
				cleanAccuracy: clean.accuracy,
				robustAccuracy: robust.accuracy,
				interval: robust.interval,
			})),
		},
		[
			'',
			accuracyTable(records),
			'',
			`${split.length} test images, L-infinity epsilon ${epsilonText(epsilon)}, seed ${seed}, ${duration(seconds)} in all.`,
			`The run, with every outcome: ${output}`,
		].join('\n'),
	)
}

/** What was chosen, before it happens. */
function choices(
	preset: string,
	config: TuningConfig,
	images: number,
	all: number,
	attack: string,
	epsilon: number,
): string[] {
	const { shots, epochs, batchSize, seed, defense } = config
	const subset = images === all ? `all ${grouped(all)}` : `a seeded choice of ${images} of ${grouped(all)}`
	return [
		`Model: the embedded nano CLIP. Data: ${packagedData}, photographs of 10 classes.`,
		`Preset ${preset}: ${defense.name} with ${shots} shots per class, ${epochs} epochs of batch ${batchSize},`,
		`  inner PGD-${config.attack.steps} at epsilon ${epsilonText(config.attack.epsilon)}, seed ${seed}.`,
		`Then ${attack} at epsilon ${epsilonText(epsilon)} on ${subset} test images.`,
		'',
	]
}

/** Local date and time as part of a file name. */
function timestamp(): string {
	const now = new Date()
	const two = (value: number) => String(value).padStart(2, '0')
	const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`
	return `${date}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`
}
