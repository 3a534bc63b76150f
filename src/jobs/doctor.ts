/** Checks whether this installation works, and says what to do about each problem. */

import { z } from 'zod'
import { embeddedModel } from '../checkpoints/checkpoint.js'
import { loadClip } from '../checkpoints/load-clip.js'
import { defined } from '../core/defined.js'
import type { Immutable } from '../core/immutable.js'
import { packageVersion } from '../files/package-version.js'
import { decodeImage } from '../images/decode.js'
import { positive } from '../records/parts/fields.js'
import { nativeEngineCommand } from '../runtime/node/native-library.js'
import { engineSchema, examineEngines } from './doctor/engines.js'
import { examineMachine, machineSchema } from './doctor/machine.js'
import { examineParity, paritySchema } from './doctor/parity.js'
import { examinePlaces, placeSchema } from './doctor/places.js'
import { defineJob, type JobContext } from './job.js'

/** The input of {@link doctor}: empty, since it tries the engine of its context. */
export const doctorInput = z.strictObject({})

const problemSchema = z.object({
	severity: z.enum(['error', 'advice']).describe('`error`: something does not work; `advice`: it works, but poorly.'),
	problem: z.string(),
	remedy: z.string(),
})

/** The result of {@link doctor}. */
export const doctorResult = z.object({
	naptune: z.string().describe('Version.'),
	machine: machineSchema,
	engines: z.array(engineSchema).describe('Engines in the order in which naptune tries them.'),
	providers: z.array(z.string()).describe('Execution providers in the build of the native engine.'),
	running: z
		.object({ version: z.string(), device: z.string(), threads: positive })
		.nullable()
		.describe('The engine that started; null if none does.'),
	parity: paritySchema.nullable().describe('Comparison with known logits; null if no engine starts.'),
	imageDecoder: z.boolean().describe('Whether pictures can be decoded.'),
	places: z.array(placeSchema),
	problems: z.array(problemSchema),
})

type Result = Immutable<z.output<typeof doctorResult>>
type Problem = z.output<typeof problemSchema>

/** Below these, tuning ViT-B/16 and its download fail. */
const least = { memoryBytes: 4 * 2 ** 30, freeBytes: 2 * 2 ** 30, node: [20, 19] } as const

/** A white pixel, the smallest possible picture. */
const smallestPicture =
	'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg=='

/** Examines the installation. Faults are no error; `problems` lists each with its remedy. */
export const doctor = defineJob({
	name: 'doctor',
	doc: 'Examine this installation: engines and where they come from, devices, processor, memory, caches, free disk, and whether the engine computes correctly. Exits with 3 when something does not work.',
	input: doctorInput,
	result: doctorResult,
	async run(_, context) {
		const problems: Problem[] = []
		const caught = <T>(part: Promise<T>, remedy: string): Promise<T | null> =>
			part.catch((error: unknown) => {
				problems.push({ severity: 'error', problem: messageOf(error), remedy })
				return null
			})
		const machine = await examineMachine()
		const { engines, providers } = await examineEngines()
		const places = (await caught(examinePlaces(), 'Correct or unset the variable named in the message.')) ?? []
		const engine = await caught(context.engine(), 'Follow the message, or omit --device to run on the processor.')
		const parity =
			engine &&
			(await caught(
				loadClip(embeddedModel, defined({ onNotice: noteTo(context) })).then((clip) => examineParity(engine, clip)),
				'Reinstall naptune; its embedded model does not run.',
			))
		const picture = await caught(
			decodeImage(Buffer.from(smallestPicture, 'base64')),
			'Install sharp for this platform: npm install --include=optional sharp',
		)
		const running = engine && { version: engine.version, device: engine.device, threads: engine.threads }
		const found = { naptune: packageVersion(), machine, engines, providers, running, parity, places }
		const result = { ...found, imageDecoder: picture !== null }
		return { ...result, problems: [...problems, ...problemsOf(result)] }
	},
})

function noteTo({ onNote }: Pick<JobContext, 'onNote'>): (text: string) => void {
	return (text) => onNote({ kind: 'note', text })
}

/** Derives problems and remedies from the findings. */
export function problemsOf(found: Omit<Result, 'problems'>): Problem[] {
	const { machine, engines, running, parity, places } = found
	const problems: Problem[] = []
	const add = (severity: Problem['severity'], problem: string, remedy: string) =>
		problems.push({ severity, problem, remedy })

	const [major = 0, minor = 0] = machine.node.split('.').map(Number)
	if (major < least.node[0] || (major === least.node[0] && minor < least.node[1])) {
		add('error', `Node.js ${machine.node} is too old.`, `Install Node.js ${least.node.join('.')} or later.`)
	}
	for (const { name, reason } of engines.filter(({ state }) => state === 'unusable')) {
		const musl = machine.libc === 'musl'
		add(
			'advice',
			`${name} is installed but unusable: ${reason ?? 'reason unknown'}.`,
			musl ? 'The native engine needs glibc; use an image not based on Alpine.' : `Run: ${nativeEngineCommand}`,
		)
	}
	if (running?.device === 'wasm' && !engines.some(({ state }) => state === 'used')) {
		add(
			'error',
			'The native engine does not load, so everything runs on onnxruntime-web (WASM), several times slower.',
			`Run: ${nativeEngineCommand}`,
		)
	}
	if (parity && !parity.agrees) {
		add(
			'error',
			`The engine computes wrong values: a logit differs by ${parity.distance.toPrecision(2)} from its reference; at most ${parity.tolerance} is allowed.`,
			running?.device === 'cpu' ? `Reinstall the engine: ${nativeEngineCommand}` : 'Use --device cpu.',
		)
	}
	if (machine.memoryBytes < least.memoryBytes) {
		add(
			'advice',
			`The machine has ${gibibytes(machine.memoryBytes)} of memory; tuning a ViT-B/16 takes about ${gibibytes(least.memoryBytes)}.`,
			'Use a smaller --batch-size or a smaller model.',
		)
	}
	for (const { what, folder, setBy, writable, freeBytes } of places) {
		if (!writable) add('error', `${folder} (${what}) is not writable.`, `Change its permissions, or set ${setBy}.`)
		if (freeBytes !== null && freeBytes < least.freeBytes) {
			add(
				'advice',
				`The disk of ${folder} (${what}) has ${gibibytes(freeBytes)} left.`,
				`Free some space, or set ${setBy} to a folder on another disk.`,
			)
		}
	}
	return problems
}

function gibibytes(bytes: number): string {
	return `${(bytes / 2 ** 30).toFixed(1)} GiB`
}

function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error)
}
