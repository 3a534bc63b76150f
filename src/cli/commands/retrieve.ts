/** `naptune retrieve`: image-text retrieval with a tuned run, clean and under attack, with vanilla CLIP as the control. */

import { join, resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { threatModel } from '../../attacks/sets/threat-model.js'
import { loadCaptions } from '../../data/captions/captions.js'
import { classGallery } from '../../data/captions/class-captions.js'
import { type Gallery, galleryFingerprint } from '../../data/captions/gallery.js'
import type { TunedRun } from '../../evaluation/deployed/tuned-run.js'
import { type RetrievalRecord, recordedRetrieval } from '../../evaluation/retrieval/recorded-retrieval.js'
import { captionDefense, captionProblem, retrievalAttack } from '../../evaluation/retrieval/retrieval-attack.js'
import { recordFile, withOptions } from '../../records/names.js'
import { attackOption, splitOption } from '../attack-options.js'
import { Interruption } from '../exit-codes.js'
import { epsilonText, grouped } from '../format.js'
import { chosenImages, dataRootOption } from '../inputs.js'
import { loaderThreadsOption, tunedRun } from '../loading.js'
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
import { recallTable } from '../recall-table.js'
import { type Session, withSession } from '../session.js'

interface RetrieveOptions extends SharedOptions {
	readonly captions?: string
	readonly attack: string
	readonly set: Readonly<Record<string, unknown>>
	readonly epsilon?: number
	readonly split: 'train' | 'validation' | 'test'
	readonly limit?: number
	readonly k: readonly number[]
	readonly batchSize: number
	readonly seed: number
	readonly vanilla: boolean
	readonly model?: string
	readonly dataRoot?: string
}

/** Adds the command. */
export function addRetrieveCommand(program: Command): void {
	addSharedOptions(
		program
			.command('retrieve')
			.description(
				'Find captions by images and images by captions, clean and with all images attacked; vanilla CLIP under the same attack is the control. A stopped retrieval goes on where it was.',
			)
			.argument('<run>', 'run directory of naptune tune')
			.addOption(
				new Option(
					'--captions <file>',
					'JSON lines or array of {"image": path, "captions": [texts]} (default: captions made of the class names of the run\'s data)',
				),
			)
			.addOption(attackOption('PGD on the contrastive loss').default('pgd-100'))
			.addOption(attackSettingOption('steps=50'))
			.addOption(runEpsilonOption('the attack'))
			.addOption(splitOption('images of the data set'))
			.addOption(
				new Option('--limit <count>', 'a seeded choice of so many images (default: all)').argParser(wholeNumber(1)),
			)
			.addOption(new Option('--k <list>', 'recall at these').argParser(wholeNumbers).default([1, 5, 10], '1,5,10'))
			.addOption(batchSizeOption())
			.addOption(seedOption('seed of the attack and of the choice of images', 1))
			.option('--no-vanilla', 'leave the control out')
			.addOption(loaderThreadsOption())
			.addOption(runModelOption())
			.addOption(dataRootOption('where the run found them')),
	)
		.addHelpText(
			'after',
			`
Example:
  $ naptune retrieve runs/photos --captions photos/captions.jsonl --limit 500`,
		)
		.action((run: string, options: RetrieveOptions) =>
			withSession(options, (session) => runRetrieve(run, options, session)),
		)
}

function wholeNumbers(text: string): number[] {
	const values = [...new Set(text.split(',').map(wholeNumber(1)))].sort((a, b) => a - b)
	if (values.length === 0) throw new InvalidArgumentError('Expected whole numbers separated by commas, such as 1,5,10.')
	return values
}

async function runRetrieve(directory: string, options: RetrieveOptions, session: Session): Promise<void> {
	const run = await tunedRun(session, resolve(directory), options.model, options.dataRoot)
	const { clip } = run
	const gallery = await chosenGallery(run, options, session)
	for (const notice of gallery.notices) session.progress.line(`note: ${notice}`)
	const attack = retrievalAttack(options.attack, options.set, gallery)
	const threat = threatModel('linf', options.epsilon ?? run.protocol.epsilon)
	const { images, captions } = gallery
	const protocol = `${grouped(images.length)} images and ${grouped(captions.length)} captions of ${gallery.name}, ${attack.name} on the contrastive loss of all images, L-infinity epsilon ${epsilonText(threat.epsilon)}, seed ${options.seed}`
	session.progress.line(protocol)
	const { name, config } = run.defense
	const models = [
		...(options.vanilla && name !== 'vanilla'
			? [{ defense: captionDefense('vanilla', clip, captions), parameters: {} }]
			: []),
		{ defense: captionDefense(name, clip, captions, config), parameters: run.parameters },
	]
	const folder = join(run.directory, 'retrieval')
	session.writesTo(folder)
	const found: { readonly record: RetrievalRecord; readonly path: string }[] = []
	for (const model of models) {
		const task = session.progress.start(`attacking ${model.defense.name}`, images.length, 'images')
		const label = gallery.level === 'class' ? options.split : galleryFingerprint(gallery).slice(0, 8)
		const subject = withOptions(`${model.defense.name}-${attack.name}`, [attack.options, captions])
		const named = { subject, threatModel: threat, split: label, images: images.length, seed: options.seed }
		const path = join(folder, recordFile(named))
		const record = await recordedRetrieval({
			engine: await session.engine(),
			clip,
			gallery,
			splitName: gallery.level === 'class' ? options.split : 'captions',
			...model,
			attack,
			threatModel: threat,
			seed: options.seed,
			ks: options.k,
			batchSize: options.batchSize,
			path,
			onProgress: task.update,
			signal: session.signal,
		}).finally(() => task.end())
		if (!record) throw new Interruption('Stopped. What was attacked is saved; the same command goes on from there.')
		found.push({ record, path })
	}
	session.result(
		{
			run: run.directory,
			attack: attack.name,
			norm: threat.norm,
			epsilon: threat.epsilon,
			level: gallery.level,
			images: images.length,
			captions: captions.length,
			seed: options.seed,
			notices: gallery.notices,
			rows: found.map(({ record, path }) => ({
				defense: record.defense.name,
				clean: record.clean,
				attacked: record.attacked,
				seconds: record.seconds,
				record: path,
			})),
		},
		[
			recallTable(
				found.map(({ record }) => record),
				options.k,
			),
			'',
			`${protocol}.`,
			...(gallery.level === 'class'
				? ['Class-level retrieval: every image of a class shares the captions of its class.']
				: []),
			'Brackets: 95 % Wilson intervals over images (image to text) or captions (text to image). Ranks:',
			...found.map(({ path }) => `  ${path}`),
		].join('\n'),
	)
}

async function chosenGallery(run: TunedRun, options: RetrieveOptions, { imageLoader }: Session): Promise<Gallery> {
	const { captions, limit, seed } = options
	if (captions === undefined) {
		const dataset = await run.dataset()
		return classGallery(dataset, chosenImages(dataset, options))
	}
	const checks = [
		captionProblem(run.defense.name, run.clip, run.defense.config),
		...(options.vanilla ? [captionProblem('vanilla', run.clip)] : []),
	]
	const gallery = await loadCaptions(captions, {
		limit,
		seed,
		problemOf: (caption) => checks.map((check) => check(caption)).find((problem) => problem !== undefined),
	})
	return { ...gallery, images: imageLoader().split(gallery.images) }
}
