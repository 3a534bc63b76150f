/** Writes a gate's configuration and baseline from the current model. */

import { existsSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { z } from 'zod'
import { sizeText } from '../attacks/sets/size-text.js'
import { threatModel } from '../attacks/sets/threat-model.js'
import { at } from '../core/at.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import type { TunedRun } from '../evaluation/deployed/tuned-run.js'
import { isExport, loadExport } from '../export/load-export.js'
import { writeFileAtomic } from '../files/atomic-write.js'
import { makeFolder } from '../files/make-folder.js'
import { packageVersion } from '../files/package-version.js'
import { minimumFrom, usualAuditChecks, usualSlack } from '../gate/init.js'
import { processorType } from '../gate/processor.js'
import { runGate } from '../gate/run-gate.js'
import { timeBudget } from '../gate/time-budget.js'
import type { ExportMeasurement } from '../records/export.js'
import { type GateBaseline, type GateConfig, gateBaselineForm, gateConfigForm } from '../records/gate.js'
import { runFiles } from '../records/names.js'
import { type DataOrigin, originName, originSplitSeed, withoutSample } from '../records/parts/data-origin.js'
import { share } from '../records/parts/fields.js'
import { norms } from '../records/parts/threat-model.js'
import { parseRecord } from '../records/record-form.js'
import { writeRecord } from '../records/record-kind.js'
import { countField, dataRootField, seedField, settingsField, sizeField, splitField } from './common/fields.js'
import { tunedRun } from './common/inputs.js'
import { stopped } from './common/stopped.js'
import { follow, gateFile, openSubject, sample } from './gate.js'
import { defineJob, type JobContext } from './job.js'

/** The input of {@link gateInit}. */
export const gateInitInput = z.strictObject({
	/** Run directory of `tune`, folder of an export, or ONNX file. */
	subject: z.string(),
	/** File of the configuration; the baseline goes beside it. */
	config: z.string().default(gateFile),
	/** Whether to replace existing files. */
	force: z.boolean().default(false),
	/** Data to attack; for a run by default its tuning data. */
	data: z.string().optional(),
	/** Folder that holds the folders of named data sets. */
	dataRoot: dataRootField,
	/** Of a run: where the checkpoint is now; by default where the run found it. */
	model: z.string().optional(),
	/** Images to attack. */
	split: splitField.default('test'),
	/** How many of them, balanced over the classes. */
	limit: countField.default(200),
	/** Name of an attack; by default the attack of the run's preset, or `pgd-100`. */
	attack: z.string().optional(),
	/** Options of the attack that override its defaults. */
	set: settingsField,
	/** Norm of the perturbation. */
	norm: z.enum(norms).default('linf'),
	/** Size of the perturbation; for a run by default the size of its preset, or of its inner attack. */
	epsilon: sizeField.optional(),
	/** Distance of thresholds below the lower ends of the measured intervals. */
	slack: share.default(usualSlack),
	/** Largest permitted drop from the baseline. */
	maxDrop: share.default(0.03),
	/** Whether the gate requires the audit checks that the model passes now. */
	audit: z.boolean().default(true),
	/** Seconds that a gate may take. */
	timeBudget: z.number().positive().default(1800),
	/** Seed of the choice and order of images, and of the attack. */
	seed: seedField.default(1),
	/** Folder of outcomes, which later gates reuse. */
	cache: z.string().default(join('naptune-gate', 'cache')),
	/** Images per batch; affects only the speed. */
	batchSize: countField.default(50),
})

/** The result of {@link gateInit}. */
export const gateInitResult = z.object({
	config: z.string().describe('File of the configuration.'),
	baseline: z.string().describe('File of the baseline.'),
	subject: gateBaselineForm.schema.shape.subject,
	images: z.int().positive(),
	clean: z.strictObject({ right: z.int().nonnegative(), min: share }),
	robust: z.strictObject({ attack: z.string(), epsilon: z.string(), right: z.int().nonnegative(), min: share }),
	audit: z.array(z.string()).describe('Ids of the required audit checks.'),
	leftOut: z.array(z.string()).describe('Ids of the checks left out because the model fails them.'),
})

type Input = z.output<typeof gateInitInput>

/**
 * Writes the configuration and the baseline of a gate from what a model achieves now.
 * @throws NaptuneError when model or data cannot be used, a file already exists, or attack or epsilon are missing.
 */
export const gateInit = defineJob({
	name: 'gate-init',
	doc: 'Write naptune.gate.json and a baseline from what a model achieves now.',
	input: gateInitInput,
	result: gateInitResult,
	async run(input, context) {
		const path = resolve(input.config)
		const folder = dirname(path)
		const baselineFile = `${path.replace(/\.json$/, '')}.baseline.json`
		const present = input.force ? undefined : [path, baselineFile].find((file) => existsSync(file))
		if (present !== undefined) {
			throw new NaptuneError(
				'NAP_FILE_UNWRITABLE',
				`${present} already exists. Replace it with --force, or choose another name with --config.`,
			)
		}
		const config = draft(await defaults(input, context, folder), input, relative(folder, baselineFile))
		const chosen = await sample(context, config, folder, input.dataRoot)
		const subject = await openSubject(context, { ...input, vanilla: false }, config, chosen, folder)
		const tell = follow(context)
		try {
			const engine = await context.engine()
			const found = await runGate({
				subject,
				config,
				dataset: { name: chosen.dataset.name, split: config.split },
				update: true,
				versions: { naptune: packageVersion(), engine: engine.version, device: engine.device },
				processor: processorType(),
				batchSize: input.batchSize,
				budget: timeBudget(undefined),
				cache: resolve(input.cache),
				signal: context.signal,
				onProgress: tell.progress,
			}).finally(tell.end)
			if (!found?.baseline) throw stopped('Stopped. The outcomes are saved; run the same command again to resume.')
			for (const text of found.verdict.notices) context.onNote({ kind: 'note', text })
			const { baseline, verdict } = found
			const audited = verdict.checks.filter(({ decidedBy }) => decidedBy === 'audit')
			const ids = (status: 'pass' | 'fail') =>
				audited.flatMap((check) => (check.status === status ? [check.id.replace(/^audit\./, '')] : []))
			const written = settled(config, baseline, ids('pass'), input)
			await makeFolder(folder)
			await writeRecord(gateBaselineForm, baselineFile, baseline)
			await writeFileAtomic(path, `${JSON.stringify(written.config, null, '\t')}\n`)
			return {
				config: path,
				baseline: baselineFile,
				subject: verdict.subject,
				images: baseline.images.length,
				clean: written.clean,
				robust: written.robust,
				audit: ids('pass'),
				leftOut: ids('fail'),
			}
		} finally {
			await subject.release()
		}
	},
})

interface Defaults {
	readonly data: string
	readonly splitSeed: number
	readonly attack: string
	readonly epsilon: number
}

/** What is left out is that of the run, or of the measurement of an export. @throws NaptuneError where neither says it. */
async function defaults(input: Input, context: JobContext, folder: string): Promise<Defaults> {
	const place = resolve(input.subject)
	const isRun = existsSync(join(place, runFiles.description))
	const run = isRun ? await tunedRun(context, { ...input, run: input.subject }) : undefined
	const measured = !isRun && isExport(place) ? (await loadExport(place)).record.measured : undefined
	const origin = input.data === undefined ? await knownOrigin(run, measured) : undefined
	const own = origin && originName(origin)
	const data = input.data ?? (own !== undefined && isAbsolute(own) ? relative(folder, own) || '.' : own)
	const known = run?.protocol.epsilon ?? measured?.threatModel.epsilon
	const epsilon = input.epsilon ?? (input.norm === 'linf' ? known : undefined)
	const missing = [...(data === undefined ? ['--data'] : []), ...(epsilon === undefined ? ['--epsilon'] : [])]
	if (data === undefined || epsilon === undefined) {
		throw new NaptuneError(
			'NAP_OPTION_MISSING',
			`Give ${missing.join(' and ')}: ${input.subject} does not record them.`,
		)
	}
	return {
		data,
		splitSeed: (origin && originSplitSeed(origin)) ?? 1,
		attack: input.attack ?? run?.protocol.attack ?? 'pgd-100',
		epsilon,
	}
}

/** The data of a run, or those that an export was measured on, as far as it says where they lie. */
async function knownOrigin(
	run: TunedRun | undefined,
	measured: ExportMeasurement | undefined,
): Promise<DataOrigin | undefined> {
	if (run) return withoutSample((await run.dataset()).origin)
	return measured && !('path' in measured.dataset.origin) ? withoutSample(measured.dataset.origin) : undefined
}

/** A configuration without requirements yet. */
function draft({ data, splitSeed, attack, epsilon }: Defaults, input: Input, baseline: string): GateConfig {
	const { norm, set, split, limit, seed, audit } = input
	return parseRecord(
		gateConfigForm,
		{
			format: 1,
			data,
			splitSeed,
			split,
			images: limit,
			seed,
			clean: { min: 0 },
			attacks: [{ attack, set, norm, epsilon: sizeText(threatModel(norm, epsilon)), robust: { min: 0 } }],
			baseline: { file: baseline },
			...(audit ? { audit: { checks: [...usualAuditChecks] } } : {}),
			timeBudget: input.timeBudget,
		},
		input.config,
	)
}

/** The configuration to write, with what the model achieved. */
function settled(
	config: GateConfig,
	{ images, clean, attacks }: GateBaseline,
	checks: readonly string[],
	{ slack, maxDrop }: Input,
) {
	const rightOf = (digits: string) => [...digits].filter((digit) => digit === '1').length
	const reached = (digits: string) => ({
		right: rightOf(digits),
		min: minimumFrom(rightOf(digits), images.length, slack),
	})
	const [cleanReached, robustReached] = [reached(clean), reached(at(attacks, 0).right)]
	const demands = ({ min }: { readonly min: number }) => ({ min, maxDrop })
	const { audit, stopping: _, ...rest } = config
	const gated = at(config.attacks, 0)
	return {
		clean: cleanReached,
		robust: { attack: gated.attack, epsilon: String(gated.epsilon), ...robustReached },
		config: {
			...rest,
			clean: demands(cleanReached),
			attacks: config.attacks.map((attack) => ({ ...attack, robust: demands(robustReached) })),
			...defined({ audit: audit && checks.length > 0 ? { ...audit, checks } : undefined }),
			stopping: { rule: 'certain' },
			timeBudget: config.timeBudget,
		},
	}
}
