/** Decides whether a model may be released: checks its robustness against a configuration. */

import { existsSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { z } from 'zod'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { type Dataset, type Split, subset } from '../data/dataset.js'
import { isExport } from '../export/load-export.js'
import { writeFileAtomic } from '../files/atomic-write.js'
import { makeFolder } from '../files/make-folder.js'
import { didYouMeanPath } from '../files/nearest-path.js'
import { packageVersion } from '../files/package-version.js'
import { readBaseline } from '../gate/baseline.js'
import { exportSubject } from '../gate/export-subject.js'
import { junitXml } from '../gate/junit.js'
import { verdictMarkdown } from '../gate/markdown.js'
import { onnxSubject } from '../gate/onnx-subject.js'
import { processorType } from '../gate/processor.js'
import { runGate } from '../gate/run-gate.js'
import { runSubject } from '../gate/run-subject.js'
import type { GateSubject } from '../gate/subject.js'
import { timeBudget } from '../gate/time-budget.js'
import { generator, permutation } from '../random/counter-based.js'
import { type GateConfig, gateBaselineForm, gateConfigForm, gateVerdictForm } from '../records/gate.js'
import { runFiles } from '../records/names.js'
import { count, seconds } from '../records/parts/fields.js'
import { readRecord, writeRecord } from '../records/record-kind.js'
import { checkedClasses, readClassNames } from './common/class-names.js'
import { countField, dataRootField } from './common/fields.js'
import { chosenImages, loadData, tunedRun } from './common/inputs.js'
import { stopped } from './common/stopped.js'
import { defineJob, type JobContext, type JobTask, startTask } from './job.js'

/** Default name of the configuration. */
export const gateFile = 'naptune.gate.json'

/** The input of {@link gate}. */
export const gateInput = z.strictObject({
	/** Run directory of `tune`, folder of an export, or ONNX file. */
	subject: z.string(),
	/** The configuration. */
	config: z.string().default(gateFile),
	/** For a run: whether to judge its CLIP without the tuned parameters. */
	vanilla: z.boolean().default(false),
	/** Whether the model becomes the new baseline if it passes every requirement except the drops. */
	updateBaseline: z.boolean().default(false),
	/** Folder for the verdict, written as JSON, JUnit XML and Markdown. */
	output: z.string().default('naptune-gate'),
	/** Folder of outcomes of earlier gates; by default `cache` in the output. */
	cache: z.string().optional(),
	/** Of a run: where the checkpoint is now; by default where the run found it. */
	model: z.string().optional(),
	/** Folder that holds the folders of named data sets. */
	dataRoot: dataRootField,
	/** Images per batch; affects only the speed. */
	batchSize: countField.default(50),
})

/** The result of {@link gate}. */
export const gateResult = gateVerdictForm.schema.extend({
	attacked: count.describe('Trials made by this call; all others came from the cache.'),
	seconds: seconds.describe('Wall-clock time of this call.'),
	files: z
		.strictObject({
			verdict: z.string(),
			junit: z.string(),
			summary: z.string(),
			baseline: z.string().exactOptional().describe('Path of the new baseline.'),
		})
		.describe('The written files. The first three hold no times, so that the same inputs give the same bytes.'),
})

type Input = z.output<typeof gateInput>

/**
 * Decides whether a model may be released: attacks it as a configuration prescribes, until every check is decided.
 * @throws NaptuneError when model, data or configuration cannot be used. A failed or undecided gate is a result, not an
 * error; see
 * `verdict`.
 */
export const gate = defineJob({
	name: 'gate',
	doc: 'Decide whether a tuned run, an export or any ONNX classifier may be released: attack it as naptune.gate.json prescribes, and compare it with a baseline. Exits with 3 when a check fails, with 1 when the time budget ends first.',
	input: gateInput,
	result: gateResult,
	async run(input, context) {
		const started = performance.now()
		const path = resolve(input.config)
		if (!existsSync(path)) {
			throw new NaptuneError(
				'NAP_FILE_MISSING',
				`The configuration ${input.config} is missing. Write one with naptune gate init, or name another with --config.${didYouMeanPath(path)}`,
			)
		}
		const config: GateConfig = await readRecord(gateConfigForm, path)
		const baselinePath = config.baseline && resolve(dirname(path), config.baseline.file)
		if (input.updateBaseline && baselinePath === undefined) {
			throw new NaptuneError(
				'NAP_OPTION_MISSING',
				'The configuration names no file for a baseline: add "baseline": { "file": "naptune.gate.baseline.json" }.',
			)
		}
		const budget = timeBudget(config.timeBudget)
		const output = resolve(input.output)
		context.onFolder(output)
		const { dataset, split } = await sample(context, config, dirname(path), input.dataRoot)
		const subject = await openSubject(context, input, config, { dataset, split }, dirname(path))
		const tell = follow(context)
		try {
			const baseline =
				baselinePath !== undefined && !input.updateBaseline && limitsDrops(config)
					? { record: await readBaseline(baselinePath), path: baselinePath }
					: undefined
			const engine = await context.engine()
			const processor = processorType()
			if (baseline && baseline.record.processor !== processor) {
				context.onNote({
					kind: 'note',
					text: `The baseline was made on ${baseline.record.processor}; this machine has ${processor}. Outcomes of single images may differ between them.`,
				})
			}
			const found = await runGate({
				subject,
				config,
				dataset: { name: dataset.name, split: config.split },
				...defined({ baseline }),
				update: input.updateBaseline,
				versions: { naptune: packageVersion(), engine: engine.version, device: engine.device },
				processor,
				batchSize: input.batchSize,
				budget,
				cache: resolve(input.cache ?? join(output, 'cache')),
				signal: context.signal,
				onProgress: tell.progress,
			}).finally(tell.end)
			if (!found) throw stopped('Stopped. The outcomes are saved; run the same command again to resume.')
			const { verdict, made } = found
			// A failing model must not become the baseline.
			const released = verdict.verdict === 'pass' ? found.baseline : undefined
			if (released && baselinePath !== undefined) {
				await makeFolder(dirname(baselinePath))
				await writeRecord(gateBaselineForm, baselinePath, released)
			}
			const files = {
				verdict: join(output, 'gate.json'),
				junit: join(output, 'junit.xml'),
				summary: join(output, 'summary.md'),
				...defined({ baseline: released ? baselinePath : undefined }),
			}
			await makeFolder(output)
			await writeRecord(gateVerdictForm, files.verdict, verdict)
			await writeFileAtomic(files.junit, junitXml(verdict))
			await writeFileAtomic(files.summary, verdictMarkdown(verdict))
			return { ...verdict, attacked: made, seconds: (performance.now() - started) / 1000, files }
		} finally {
			await subject.release()
		}
	},
})

/** The images of a gate in the order of their trials. The seed draws the order, so that any prefix is a fair sample. */
export async function sample(
	context: JobContext,
	config: Pick<GateConfig, 'data' | 'split' | 'splitSeed' | 'images' | 'seed'>,
	folder: string,
	dataRoot: string | undefined,
): Promise<{ readonly dataset: Dataset; readonly split: Split }> {
	const { data, split: name, splitSeed, images, seed } = config
	const dataset = await loadData(context, placeOf(data, folder), splitSeed, dataRoot)
	const chosen = chosenImages(dataset, { split: name, limit: images, seed })
	return { dataset, split: subset(chosen, permutation(generator(seed, 'gate-order'), chosen.length)) }
}

/** Resolves the configuration's data; a path beside the configuration takes precedence over the current folder. */
function placeOf(data: string, folder: string): string {
	if (isAbsolute(data)) return data
	const [file = data] = data.split('?', 1)
	return existsSync(join(folder, file)) ? join(folder, data) : data
}

function limitsDrops({ clean, attacks }: GateConfig): boolean {
	return [clean, ...attacks.map(({ robust }) => robust)].some((demands) => demands?.maxDrop !== undefined)
}

/** Opens the model at a path. @throws NaptuneError when the path holds nothing that a gate accepts. */
export async function openSubject(
	context: JobContext,
	{ subject: given, vanilla, model, dataRoot }: Pick<Input, 'subject' | 'vanilla' | 'model' | 'dataRoot'>,
	{ onnx: declared }: Pick<GateConfig, 'onnx'>,
	{ dataset, split }: { readonly dataset: Dataset; readonly split: Split },
	folder: string,
): Promise<GateSubject> {
	const path = resolve(given)
	const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
	const isRun = isFolder && existsSync(join(path, runFiles.description))
	if (vanilla && !isRun) {
		throw new NaptuneError(
			'NAP_OPTION_CONFLICT',
			`--vanilla judges the CLIP of a tuned run without the tuned parameters, but ${given} is not a run. Give a run, or omit --vanilla.`,
		)
	}
	const engine = await context.engine()
	if (isRun) {
		const run = await tunedRun(context, { run: path, model, dataRoot })
		return runSubject({ engine, run, dataset, split, vanilla })
	}
	if (isFolder && isExport(path)) {
		return exportSubject({ engine, path, dataset, split, ...defined({ classMap: declared?.classMap }) })
	}
	if (isFolder || !existsSync(path)) {
		throw new NaptuneError(
			isFolder ? 'NAP_FILE_INVALID' : 'NAP_FILE_MISSING',
			`${given} is ${isFolder ? 'a folder of neither a tuning run (run.json) nor an export (export.json)' : 'missing'}. Give a run directory, an export's folder or an ONNX file.${didYouMeanPath(path)}`,
		)
	}
	const classNames = declared?.classes === undefined ? undefined : await namesOf(declared.classes, folder)
	return onnxSubject({ engine, path, dataset, split, ...defined({ declared, classNames }) })
}

async function namesOf(classes: string | readonly string[], folder: string): Promise<readonly string[]> {
	if (typeof classes !== 'string') return checkedClasses(classes)
	const beside = resolve(folder, classes)
	return checkedClasses(await readClassNames(existsSync(beside) ? beside : classes))
}

/** Reports the progress of consecutive tasks. */
export function follow(context: JobContext): {
	progress(task: string, done: number, total: number, unit: string): void
	end(): void
} {
	let name = ''
	let task: JobTask | undefined
	return {
		progress(now, done, total, unit) {
			if (now !== name) {
				task?.end()
				task = startTask(context, now, total, unit)
				name = now
			}
			task?.update(done)
		},
		end: () => task?.end(),
	}
}
