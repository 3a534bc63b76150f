/**
 * Joins the folders that shards of one experiment wrote. The name of a cell's folder follows from everything that determines
 * its content, so equal names must hold equal results. Anything else is a conflict, and then nothing is written.
 */

import { existsSync } from 'node:fs'
import { copyFile, cp, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { NaptuneError } from '../core/errors.js'
import { readEvaluationRecord } from '../evaluation/robustness/record.js'
import { outcomesSuffix } from '../evaluation/robustness/recorded-evaluation.js'
import { placeAtomic, writeFileAtomic } from '../files/atomic-write.js'
import { readJsonFile } from '../files/json-file.js'
import { makeFolder } from '../files/make-folder.js'
import { sha256OfFile } from '../files/sha256.js'
import { evaluationKind } from '../records/evaluation.js'
import { manifestFile, runFiles, runFolders } from '../records/names.js'
import { type AttackedBatch, type AttackTrial, earlierTrials, trialsLine } from '../records/parts/outcome.js'
import { readRecord } from '../records/record-kind.js'
import { readWorkLog, workLogLines } from '../records/resumable.js'
import { runDescriptionForm, runResultForm } from '../records/run.js'
import { differences, recordDifferences } from '../records/settings.js'

/** Counts of a merge. */
export interface MergedFolders {
	/** Files and folders copied. */
	readonly copied: number
	/** Files and folders that the output already had, with the same content. */
	readonly equal: number
	/** Unfinished evaluations whose images it joined. */
	readonly joined: number
}

/** One step of a merge, run once there are no conflicts. */
type Step = () => Promise<void>

interface Merge {
	readonly steps: Step[]
	readonly conflicts: string[]
	readonly count: { copied: number; equal: number; joined: number }
	/** Trials of one evaluation from several folders, by the path of its log in the output. */
	readonly logs: Map<string, JoinedLog>
	/** Source of each path of the output that an earlier folder supplies. */
	readonly taken: Map<string, string>
}

interface JoinedLog {
	readonly settings: Readonly<Record<string, unknown>>
	readonly trials: Map<string, AttackTrial>
	readonly batches: AttackedBatch[]
	seconds: number
}

/**
 * Joins the cells of several folders. Compares runs by the SHA-256 of their parameters and evaluations by their outcomes,
 * image by image; times and paths may differ. Joins unfinished evaluations of one attack image by image.
 * @param output Folder of all experiments; created if it does not exist. @param sources Folders of shards, in any order.
 * @throws NaptuneError naming every conflict, before anything is written; for a folder that holds no experiments, and for
 * damaged files.
 */
export async function mergeFolders(output: string, sources: readonly string[]): Promise<MergedFolders> {
	const merge: Merge = {
		steps: [],
		conflicts: [],
		count: { copied: 0, equal: 0, joined: 0 },
		logs: new Map(),
		taken: new Map(),
	}
	for (const source of sources) {
		if (!existsSync(join(source, cellsFolder))) {
			throw new NaptuneError(
				'NAP_FILE_MISSING',
				`${source} holds no cells of experiments: it has no folder ${cellsFolder}. Name the folders that naptune reproduce --shard wrote.`,
			)
		}
	}
	for (const source of sources) await mergeFolder(merge, join(source, cellsFolder), join(output, cellsFolder))
	if (merge.conflicts.length > 0) {
		throw new NaptuneError(
			'NAP_RUN_DIFFERS',
			`The folders cannot be merged, and nothing was written:\n${merge.conflicts.join('\n')}\nThe same settings, versions and kind of processor give the same results. Find out which folder is wrong, remove its file or folder, and compute it again.`,
		)
	}
	for (const step of merge.steps) await step()
	for (const [path, log] of merge.logs) await writeLog(path, log)
	return merge.count
}

const cellsFolder = 'cells'

/** Files that record durations or can be regenerated. */
const incidental = new Set<string>([runFiles.usage])

async function mergeFolder(merge: Merge, from: string, to: string): Promise<void> {
	if (existsSync(join(from, runFiles.description))) await mergeRun(merge, from, to)
	else if (existsSync(join(from, manifestFile))) await mergeStore(merge, from, to)
	else if (basename(from) === runFolders.evaluations) await mergeEvaluations(merge, from, to)
	else {
		for (const entry of await entriesOf(from)) {
			const [source, target] = [join(from, entry.name), join(to, entry.name)]
			if (entry.isDirectory()) await mergeFolder(merge, source, target)
			else await mergeFile(merge, source, target)
		}
	}
}

/** Merges a run: takes the finished one of two; if both are finished, their parameters must be equal. */
async function mergeRun(merge: Merge, from: string, to: string): Promise<void> {
	const before = held(merge, to, runFiles.description)
	if (!before) {
		take(merge, from, to, () => copyRun(from, to))
	} else {
		const changed = differences(
			runDescriptionForm.schema,
			await readJsonFile(join(before, runFiles.description)),
			await readJsonFile(join(from, runFiles.description)),
		)
		const [one, other] = [await parametersOf(before), await parametersOf(from)]
		if (changed.length > 0) {
			conflict(merge, before, from, `are runs with different settings: ${changed.join(', ')}`)
		} else if (one !== undefined && other !== undefined && one !== other) {
			conflict(merge, before, from, `have different parameters (SHA-256 ${one} and ${other})`)
		} else if (other !== undefined && one === undefined) {
			take(merge, from, to, () => copyRun(from, to))
		} else merge.count.equal++
	}
	for (const entry of await entriesOf(from)) {
		if (entry.isDirectory()) await mergeFolder(merge, join(from, entry.name), join(to, entry.name))
	}
}

async function parametersOf(run: string): Promise<string | undefined> {
	const path = join(run, runFiles.result)
	if (!existsSync(path)) return undefined
	return (await readRecord(runResultForm, path)).parametersSha256
}

/** Replaces the files of an unfinished run; its folders are merged separately. */
async function copyRun(from: string, to: string): Promise<void> {
	await makeFolder(to)
	const files = (await entriesOf(from)).filter((entry) => entry.isFile()).map(({ name }) => name)
	for (const { name } of (await entriesOf(to)).filter((entry) => entry.isFile())) {
		if (!files.includes(name)) await rm(join(to, name))
	}
	// Copy the description first and the result last, in a run's own order.
	const rank = (name: string) => (name === runFiles.description ? 0 : name === runFiles.result ? 2 : 1)
	for (const name of files.sort((a, b) => rank(a) - rank(b))) await copyInPlace(join(from, name), join(to, name))
}

/** Merges adversarial images: takes the larger of two stores; their common images must be equal. */
async function mergeStore(merge: Merge, from: string, to: string): Promise<void> {
	const before = held(merge, to, manifestFile)
	if (!before) return take(merge, from, to, () => copyFolder(from, to))
	const [files, others] = [await fileNames(before), await fileNames(from)]
	for (const name of files.filter((file) => others.includes(file))) {
		if (await sameFile(join(before, name), join(from, name))) continue
		return conflict(merge, join(before, name), join(from, name), 'differ')
	}
	if (others.length > files.length) take(merge, from, to, () => copyFolder(from, to))
	else merge.count.equal++
}

async function mergeEvaluations(merge: Merge, from: string, to: string): Promise<void> {
	for (const { name } of await entriesOf(from)) {
		const [source, target] = [join(from, name), join(to, name)]
		if (name.endsWith(outcomesSuffix)) await mergeLog(merge, source, target)
		else if (name.endsWith('.json')) await mergeRecord(merge, source, target)
		else await mergeFile(merge, source, target)
	}
}

async function mergeRecord(merge: Merge, from: string, to: string): Promise<void> {
	const before = held(merge, to)
	if (!before) return take(merge, from, to, () => copyInPlace(from, to))
	const [one, other] = [await readEvaluationRecord(before), await readEvaluationRecord(from)]
	const changed = recordDifferences(evaluationKind, one, other)
	if (changed.length > 0) return conflict(merge, before, from, `are evaluations that differ in ${changed.join(', ')}`)
	const differing = one.outcomes.filter((outcome, index) => !isDeepStrictEqual(outcome, other.outcomes[index]))
	if (differing.length > 0) {
		const [first] = differing
		return conflict(
			merge,
			before,
			from,
			`have different outcomes for ${differing.length} images, the first being ${first?.id}`,
		)
	}
	merge.count.equal++
}

/** Joins the trials of an unfinished evaluation with those of other folders. */
async function mergeLog(merge: Merge, from: string, to: string): Promise<void> {
	const record = to.slice(0, -outcomesSuffix.length)
	if (held(merge, record)) {
		merge.count.equal++
		return
	}
	if (!merge.logs.has(to) && existsSync(to)) await joinLog(merge, to, to)
	await joinLog(merge, from, to)
	merge.count.joined++
}

async function joinLog(merge: Merge, from: string, to: string): Promise<void> {
	const work = await readWorkLog(from, trialsLine)
	if (!work?.lines) {
		throw new NaptuneError(
			'NAP_FILE_DAMAGED',
			`${from} is not the log of an evaluation, or was changed. Remove it, and compute that shard again.`,
		)
	}
	const { settings, lines, seconds } = work
	const log: JoinedLog = merge.logs.get(to) ?? { settings, trials: new Map(), batches: [], seconds: 0 }
	const changed = differences(evaluationKind.settings, log.settings, settings)
	if (changed.length > 0) {
		conflict(merge, to, from, `are parts of evaluations that differ in ${changed.join(', ')}`)
		return
	}
	merge.logs.set(to, log)
	const { earlier, batches } = earlierTrials(lines)
	const fresh = (trials: readonly AttackTrial[]) =>
		trials.filter((trial) => {
			const key = JSON.stringify([trial.id, trial.round])
			const known = log.trials.get(key)
			if (known && !isDeepStrictEqual(known, trial)) {
				conflict(merge, to, from, `disagree on image ${trial.id} in round ${trial.round}`)
			}
			log.trials.set(key, trial)
			return !known
		})
	const all = [...batches, ...(earlier.length > 0 ? [{ trials: earlier, seconds: 0, passes: noPasses }] : [])]
	for (const batch of all) {
		const trials = fresh(batch.trials)
		if (trials.length > 0) log.batches.push({ ...batch, trials })
	}
	log.seconds += seconds
}

const noPasses = { evaluations: 0, gradients: 0 }

async function writeLog(path: string, { settings, batches, seconds }: JoinedLog): Promise<void> {
	await makeFolder(dirname(path))
	const lines = workLogLines({ settings, lines: batches, seconds })
	await writeFileAtomic(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
}

/** Merges any other file, such as a surrogate or its record. */
async function mergeFile(merge: Merge, from: string, to: string): Promise<void> {
	const before = held(merge, to)
	if (!before) return take(merge, from, to, () => copyInPlace(from, to))
	const decides = !incidental.has(basename(from)) && !from.endsWith('.json') && !from.endsWith('.jsonl')
	if (decides && !(await sameFile(before, from))) return conflict(merge, before, from, 'differ')
	merge.count.equal++
}

/** Returns where the output's file or folder of a path comes from: an earlier source, or the output itself. */
function held({ taken }: Merge, to: string, file?: string): string | undefined {
	const path = taken.get(to) ?? to
	return existsSync(file === undefined ? path : join(path, file)) ? path : undefined
}

function take(merge: Merge, from: string, to: string, step: Step): void {
	merge.taken.set(to, from)
	merge.steps.push(step)
	merge.count.copied++
}

function conflict(merge: Merge, one: string, other: string, what: string): void {
	merge.conflicts.push(`${one} and ${other} ${what}.`)
}

async function copyInPlace(from: string, to: string): Promise<void> {
	await makeFolder(dirname(to))
	await placeAtomic(to, (temporary) => copyFile(from, temporary))
}

/** Copies a folder beside its target first, so that the target is never incomplete. */
async function copyFolder(from: string, to: string): Promise<void> {
	await makeFolder(dirname(to))
	const beside = join(dirname(to), `.${basename(to)}.${process.pid}.merge`)
	await rm(beside, { recursive: true, force: true })
	await cp(from, beside, { recursive: true })
	await rm(to, { recursive: true, force: true })
	await rename(beside, to)
}

async function sameFile(one: string, other: string): Promise<boolean> {
	return (await sha256OfFile(one)) === (await sha256OfFile(other))
}

async function entriesOf(folder: string) {
	return existsSync(folder) ? await readdir(folder, { withFileTypes: true }) : []
}

async function fileNames(folder: string): Promise<string[]> {
	return (await entriesOf(folder)).filter((entry) => entry.isFile()).map(({ name }) => name)
}
