/** Running the compiled command as people do, on small models and pictures made for the test. */

import { type ChildProcess, spawn } from 'node:child_process'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import sharp from 'sharp'
import { writeSeededCheckpoint } from '../checkpoints/seeded-checkpoint.js'
import { defined } from '../core/defined.js'
import type { JobDescription } from '../jobs/registry.js'
import { generator } from '../random/counter-based.js'
import { exitCodes } from './exit-codes.js'
import { packagedModel } from './package-files.js'

const program = fileURLToPath(new URL('./main.js', import.meta.url))

/** How a command ended. */
export interface Finished {
	readonly code: number | null
	readonly stdout: string
	readonly stderr: string
}

/** A command that runs. */
export interface Running {
	readonly process: ChildProcess
	/** Resolves once this text is on stderr; rejects when the command ends before. */
	until(text: string): Promise<void>
	readonly finished: Promise<Finished>
}

/** Where and how a command is run. */
export interface RunOptions {
	readonly cwd?: string
	readonly env?: NodeJS.ProcessEnv
	/** Run by this user instead. */
	readonly uid?: number
	/** Shell words before the command, such as a limit that it should run under. */
	readonly shell?: string
}

/** Starts the command. */
export function startCli(args: readonly string[], options: RunOptions = {}): Running {
	const command = [process.execPath, program, ...args]
	const [file, ...rest] =
		options.shell === undefined ? command : ['/bin/sh', '-c', `${options.shell}; exec "$0" "$@"`, ...command]
	const child = spawn(file!, rest, {
		stdio: ['ignore', 'pipe', 'pipe'],
		...defined({ uid: options.uid, cwd: options.cwd }),
		// Several commands at once share the cores.
		env: { ...process.env, NAPTUNE_SPINNING: '0', ...options.env },
	})
	const texts = { stdout: '', stderr: '' }
	const waiting = new Set<() => void>()
	let ended = false
	for (const name of ['stdout', 'stderr'] as const) {
		child[name].setEncoding('utf8').on('data', (text: string) => {
			texts[name] += text
			for (const look of [...waiting]) look()
		})
	}
	const finished = new Promise<Finished>((resolve, reject) => {
		child.on('error', reject)
		child.on('close', (code) => {
			ended = true
			for (const look of [...waiting]) look()
			resolve({ code, ...texts })
		})
	})
	return {
		process: child,
		finished,
		until: (text) =>
			new Promise((resolve, reject) => {
				const look = () => {
					const found = texts.stderr.includes(text)
					if (!found && !ended) return
					waiting.delete(look)
					if (found) resolve()
					else reject(new Error(`The command ended before it said ${JSON.stringify(text)}:\n${texts.stderr}`))
				}
				waiting.add(look)
				look()
			}),
	}
}

/** Runs the command to its end. */
export function runCli(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
	return startCli(args, options).finished
}

/** Commands whose first word is a group. */
const groups = ['data', 'surrogate', 'bench']

/** The job of a command, found by its name; undefined where its document is no job's. */
async function jobOf(args: readonly string[]): Promise<JobDescription | undefined> {
	const [first = '', second = ''] = args
	const photo = second !== '' && !second.startsWith('-')
	const own = groups.includes(first) || (first === 'gate' && second === 'init') ? `${first}-${second}` : first
	// A word of the language, which no function of the library can be called.
	const named = own === 'export' ? 'export-model' : own === 'attack' && photo ? 'attack-photo' : own
	const others = { '--verify': 'verify-record', '--plan': 'reproduce-plan', '--shard': 'reproduce-shard' }
	const other = Object.entries(others).find(([flag]) => args.includes(flag))?.[1]
	const name = other ?? named
	const jobs = (await import('../jobs/registry.js')).jobs
	return jobs.find(({ jobName }) => jobName === name)
}

/**
 * Checks a command's document by the schema of its job.
 * @throws when it has a field that the schema does not know, or lacks one.
 */
async function checkDocument(args: readonly string[], document: unknown): Promise<void> {
	const job = await jobOf(args)
	if (!job) return
	const parsed = job.result.parse(document)
	// As JSON, which has null for what is not finite.
	if (isDeepStrictEqual(JSON.parse(JSON.stringify(parsed)), document)) return
	throw new Error(
		`The document of ${job.jobName} holds fields that its schema does not know: ${JSON.stringify(document)}`,
	)
}

/**
 * Runs a command with --json; the result of one that is done is checked by the schema of its job.
 * @throws when stdout is not exactly one JSON document, or not as the schema says.
 */
export async function runJson(
	args: readonly string[],
	options: RunOptions = {},
): Promise<Finished & { readonly document: unknown }> {
	const finished = await runCli([...args, '--json'], options)
	const document: unknown = JSON.parse(finished.stdout)
	const done: readonly unknown[] = [exitCodes.success, exitCodes.failedCheck]
	if (done.includes(finished.code)) await checkDocument(args, document)
	return { ...finished, document }
}

/** The config of a CLIP that runs in a millisecond, with nano's vocabulary. */
export const tinyConfig = {
	architectures: ['CLIPModel'],
	model_type: 'clip',
	projection_dim: 8,
	logit_scale_init_value: 2.6592,
	text_config: {
		model_type: 'clip_text_model',
		hidden_size: 16,
		intermediate_size: 32,
		num_hidden_layers: 2,
		num_attention_heads: 2,
		max_position_embeddings: 77,
		vocab_size: 4608,
		hidden_act: 'quick_gelu',
		layer_norm_eps: 1e-5,
		bos_token_id: 4606,
		eos_token_id: 4607,
		pad_token_id: 4607,
		projection_dim: 8,
	},
	vision_config: {
		model_type: 'clip_vision_model',
		hidden_size: 16,
		intermediate_size: 32,
		num_hidden_layers: 2,
		num_attention_heads: 2,
		image_size: 16,
		patch_size: 8,
		num_channels: 3,
		hidden_act: 'quick_gelu',
		layer_norm_eps: 1e-5,
		projection_dim: 8,
	},
} as const

/** Writes a whole checkpoint of {@link tinyConfig} with random weights. */
export async function writeTinyModel(folder: string): Promise<void> {
	await writeSeededCheckpoint(folder, tinyConfig, 1)
	await writeFile(
		join(folder, 'preprocessor_config.json'),
		JSON.stringify({
			image_processor_type: 'CLIPImageProcessor',
			do_resize: true,
			size: { shortest_edge: 16 },
			resample: 3,
			do_center_crop: true,
			crop_size: { height: 16, width: 16 },
			do_rescale: true,
			rescale_factor: 1 / 255,
			do_normalize: true,
			image_mean: [0.48145466, 0.4578275, 0.40821073],
			image_std: [0.26862954, 0.26130258, 0.27577711],
			do_convert_rgb: true,
		}),
	)
	await copyFile(join(packagedModel, 'tokenizer.json'), join(folder, 'tokenizer.json'))
}

/** Writes class folders of noisy pictures, each class in a colour of its own. */
export async function writePhotos(
	folder: string,
	classes: readonly string[] = ['red_thing', 'green_thing', 'blue_thing'],
	perClass = 6,
): Promise<void> {
	for (const [label, name] of classes.entries()) {
		await mkdir(join(folder, name), { recursive: true })
		for (let index = 0; index < perClass; index++) {
			const stream = generator(1, 'test-photo', name, index)
			const rgb = Uint8Array.from(
				{ length: 20 * 18 * 3 },
				(_, at) => stream.below(128) + (at % 3 === label % 3 ? 128 : 0),
			)
			await sharp(rgb, { raw: { width: 20, height: 18, channels: 3 } })
				.png()
				.toFile(join(folder, name, `${index}.png`))
		}
	}
}

/** Options that make a tuning run tiny. */
export const tinyTuning: readonly string[] = [
	'--preset',
	'precursor',
	'--threads',
	'1',
	'--shots',
	'2',
	'--epochs',
	'2',
	'--batch-size',
	'4',
	'--set',
	'defense.options={"textPrompts":2,"visualPrompts":2}',
	'--set',
	'stopOnCollapse=false',
]

/**
 * Tunes a tiny model on photographs: `model`, `photos` and `run` in this folder.
 * @returns The run directory.
 * @throws When tuning fails, with what it said.
 */
export async function writeTinyRun(folder: string): Promise<string> {
	const run = join(folder, 'run')
	await writeTinyModel(join(folder, 'model'))
	await writePhotos(join(folder, 'photos'))
	const data = ['--model', join(folder, 'model'), '--data', join(folder, 'photos')]
	const { code, stderr } = await runCli(['tune', ...data, ...tinyTuning, '--output', run])
	if (code !== 0) throw new Error(`Tuning ended with ${code}: ${stderr}`)
	return run
}
