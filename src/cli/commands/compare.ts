/** `naptune compare`: tunes and attacks several methods under one protocol and prints one table. */

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { prepareAttack } from '../../attacks/registry.js'
import { parseEpsilon, threatModel } from '../../attacks/sets/threat-model.js'
import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { defenses } from '../../defenses/registry.js'
import { controlDefense } from '../../evaluation/deployed/control.js'
import { type Comparison, type ComparisonEntry, compareEvaluations } from '../../evaluation/robustness/comparison.js'
import type { TuningConfig } from '../../methods/tuning/configuration.js'
import { loadPreset, presetConfig, presetEvaluationSchema } from '../../methods/tuning/presets.js'
import { checkRun, type TuneResult, tune } from '../../methods/tuning/tune.js'
import { comparisonForm } from '../../records/comparison.js'
import { comparisonFile, runFiles } from '../../records/names.js'
import { readRecord, writeRecord } from '../../records/record-kind.js'
import { runResultForm } from '../../records/run.js'
import { comparisonTable } from '../comparison-table.js'
import { Interruption } from '../exit-codes.js'
import { followTuning } from '../follow-tuning.js'
import { duration, epsilonText, grouped } from '../format.js'
import { chosenImages, dataOption, dataRootOption, loadData, loadModel, modelOption } from '../inputs.js'
import {
	type LoadingOptions,
	loaderThreadsOption,
	readableImages,
	unreadableOfRuns,
	unreadableOption,
} from '../loading.js'
import { measure } from '../measure.js'
import {
	addSharedOptions,
	collectSetting,
	commaList,
	epsilonOption,
	given,
	type SharedOptions,
	seedOption,
	wholeNumber,
} from '../options.js'
import { type Session, withSession } from '../session.js'

interface CompareOptions extends SharedOptions, LoadingOptions {
	readonly model: string
	readonly data: string
	readonly dataRoot?: string
	readonly output?: string
	readonly preset?: string
	readonly quick?: boolean
	readonly defenses?: readonly string[]
	readonly images?: number
	readonly attack?: string
	readonly epsilon?: number
	readonly seed?: number
	readonly set: Readonly<Record<string, unknown>>
}

/** Methods that are tuned, in the registry's order. */
const tuned = [...defenses.values()].filter(({ tuning }) => Object.keys(tuning).length > 0).map(({ name }) => name)

/** Adds the command. */
export function addCompareCommand(program: Command): void {
	const ofPreset = (what: string) => `${what} (default: the preset's)`
	addSharedOptions(
		program
			.command('compare')
			.description(
				'Tune every method with the same budget, attack all of them and vanilla CLIP, and print one table. A stopped comparison goes on where it was.',
			)
			.addOption(modelOption())
			.addOption(dataOption())
			.addOption(loaderThreadsOption())
			.addOption(unreadableOption())
			.addOption(dataRootOption())
			.addOption(
				new Option(
					'--output <folder>',
					'folder of all runs; one that holds a comparison is continued (default: runs/compare-<preset>)',
				),
			)
			.addOption(new Option('--preset <name>', 'protocol (default: fair, with --quick fair-quick)'))
			.addOption(new Option('--quick', 'preset fair-quick: some six minutes on two cores').conflicts('preset'))
			.addOption(
				new Option(
					'--defenses <names>',
					`methods, or rows of an ablation, separated by commas (default: the preset's rows, or ${tuned.join(',')})`,
				).argParser(commaList),
			)
			.addOption(
				new Option('--images <count>', ofPreset('test images to attack, balanced over the classes')).argParser(
					wholeNumber(1),
				),
			)
			.addOption(new Option('--attack <name>', ofPreset('attack')))
			.addOption(epsilonOption(ofPreset('L-infinity size of inner attack and attack, such as 3/255')))
			.addOption(seedOption(ofPreset('seed of tuning, choice of images and attack')))
			.addOption(
				new Option('--set <key=value>', 'any tuning setting for all methods, such as epochs=5; may be repeated')
					.argParser(collectSetting)
					.default({}, 'none'),
			),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune compare --quick
  $ naptune compare --model openai/clip-vit-base-patch32 --data photos --set shots=16 --epsilon 1/255`,
		)
		.action((options: CompareOptions) => withSession(options, (session) => runCompare(options, session)))
}

async function runCompare(options: CompareOptions, session: Session): Promise<void> {
	const { progress } = session
	const started = performance.now()
	const preset = await loadPreset(options.preset ?? (options.quick ? 'fair-quick' : 'fair'))
	if (!preset.evaluation) throw new NaptuneError(`Preset ${preset.name} does not say how to evaluate; choose another.`)
	const evaluation = presetEvaluationSchema.parse(preset.evaluation)
	const rows = preset.variants ? Object.keys(preset.variants) : tuned
	const names = rowNames(options.defenses ?? rows, rows)
	const epsilon = options.epsilon ?? parseEpsilon(evaluation.epsilon)
	const seed = options.seed ?? evaluation.seed
	const overrides = given({
		seed: options.seed,
		attack: options.epsilon === undefined ? undefined : { epsilon: options.epsilon },
	})
	const methods = names.map((name) => {
		const variant = preset.variants?.[name]
		return {
			name,
			...(variant
				? presetConfig(preset, undefined, variant, overrides, options.set)
				: presetConfig(preset, name, overrides, options.set)),
		}
	})
	if (!preset.variants && methods.some(({ name, config }) => config.defense.name !== name)) {
		throw new NaptuneError(
			'--set defense.name would make all compared methods the same one. Choose them by --defenses.',
		)
	}
	const attack = prepareAttack(options.attack ?? evaluation.attack)
	const output = resolve(options.output ?? join('runs', `compare-${preset.name}`))

	const clip = await loadModel(options.model)
	const whole = await loadData(session, options.data, seed, options.dataRoot)
	const images = options.images ?? evaluation.images
	const chosen = chosenImages(whole, { split: 'test', seed, ...defined({ limit: images }) })
	const { dataset, split } = await readableImages(session, whole, chosen, 'test', options.unreadable)
	progress.line(
		`Preset ${preset.name} (version ${preset.version}) on ${dataset.name}: ${names.join(', ')}; then ${attack.name} at L-infinity epsilon ${epsilonText(epsilon)} on ${split.length} of ${grouped(dataset.test.length)} test images, seed ${seed}.`,
	)
	const stop = () =>
		new Interruption(`Stopped. What was done is saved in ${output}; the same command goes on from there.`)
	const evaluated = async (folder: string, model: Pick<TuneResult, 'defense' | 'parameters'>) => {
		const measured = await measure(session, {
			clip,
			dataset,
			splitName: 'test',
			split,
			...model,
			attack,
			threatModel: threatModel('linf', epsilon),
			seed,
			folder: join(folder, 'evaluations'),
			reuse: true,
		})
		if (!measured) throw stop()
		return measured.record
	}
	const engine = await session.engine()
	const unreadable = unreadableOfRuns(session, whole, options.unreadable)
	const about = async (config: TuningConfig) => ({
		engine,
		clip,
		dataset: whole,
		unreadable: await unreadable(config),
		config,
	})
	// All runs are checked against what their folders hold before the first hour is spent.
	for (const { name, config } of methods) {
		await checkRun({ ...(await about(config)), output: join(output, name), resume: true })
	}
	const control = { defense: controlDefense(clip, dataset), parameters: {} }
	const entries: ComparisonEntry[] = [{ record: await evaluated(join(output, 'vanilla'), control), tuningSeconds: 0 }]
	for (const { name, config, origin } of methods) {
		const folder = join(output, name)
		session.writesTo(folder)
		if (!existsSync(join(folder, runFiles.result))) progress.line(`Tuning ${name}`)
		const follower = followTuning(session, config.epochs)
		const result = await tune({
			...(await about(config)),
			origin,
			output: folder,
			resume: true,
			signal: session.signal,
			onProgress: follower.onProgress,
			onEpoch: follower.onEpoch,
			onBank: follower.onBank,
		}).finally(follower.end)
		if (!result.finished) throw stop()
		entries.push({ label: name, record: await evaluated(folder, result), tuningSeconds: await secondsOf(folder) })
	}
	const reference = names.includes('nap') ? 'nap' : 'vanilla'
	const comparison: Comparison = compareEvaluations(entries, reference)
	const path = join(output, comparisonFile)
	await writeRecord(comparisonForm, path, { ...comparison, preset })
	const seconds = (performance.now() - started) / 1000
	session.result(
		{ ...comparison, preset: { name: preset.name, version: preset.version }, seconds, record: path },
		[
			comparisonTable(comparison),
			'',
			`${split.length} test images, ${attack.name} at L-infinity epsilon ${epsilonText(epsilon)}, preset ${preset.name}, seed ${seed}, ${duration(seconds)} in this call.`,
			`p: exact McNemar test against ${reference} on the same images under attack. The runs, with every outcome: ${output}`,
		].join('\n'),
	)
}

function rowNames(names: readonly string[], known: readonly string[]): readonly string[] {
	const unknown = names.find((name) => !known.includes(name))
	if (unknown !== undefined) {
		throw new NaptuneError(
			`${unknown} is not a method that can be tuned; choose among ${known.join(', ')}. Vanilla CLIP is always compared.`,
		)
	}
	return [...new Set(names)]
}

/** Time of all parts of a run. */
async function secondsOf(folder: string): Promise<number> {
	const { seconds } = await readRecord(runResultForm, join(folder, runFiles.result))
	return seconds
}
