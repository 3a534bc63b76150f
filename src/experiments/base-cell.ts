/** Cells that are tuned over another: their model is the checkpoint that the other, a fine-tuning, ends in. */

import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { loadClip } from '../checkpoints/load-clip.js'
import { NaptuneError } from '../core/errors.js'
import { runFiles, runFolders } from '../records/names.js'
import { readRecord } from '../records/record-kind.js'
import { runResultForm } from '../records/run.js'
import type { ClipModel } from '../vlm/model.js'
import type { TunedCell } from './cells.js'

/** What a cell over another has for the place of its model: relative to its own folder, so that both can be moved together. */
function sourceFrom({ folder }: TunedCell): string {
	return `../${basename(folder)}/${runFolders.checkpoint}`
}

/** SHA-256 of the checkpoint that a finished cell ended in; undefined before it is finished. */
async function recordedCheckpoint(output: string, { folder }: TunedCell): Promise<string | undefined> {
	const path = join(output, folder, runFiles.result)
	if (!existsSync(path)) return undefined
	const { checkpointSha256 } = await readRecord(runResultForm, path)
	if (checkpointSha256 !== undefined) return checkpointSha256
	throw new NaptuneError('NAP_INPUT_UNSUITABLE', `${folder} ended in no checkpoint, so that nothing is tuned over it.`)
}

/**
 * A cell over another with that one's checkpoint for its model; any other cell as it is.
 * @returns Undefined while the checkpoint is not there.
 * @throws NaptuneError when it is not the one that its run ended in.
 */
export async function overItsBase(output: string, cell: TunedCell): Promise<TunedCell | undefined> {
	const { base } = cell
	if (!base) return cell
	const directory = join(output, base.folder, runFolders.checkpoint)
	const sha256 = await recordedCheckpoint(output, base)
	if (sha256 === undefined || !existsSync(join(directory, 'model.safetensors'))) return undefined
	const clip = await loadClip(directory)
	if (clip.checkpoint.sha256 !== sha256) {
		throw new NaptuneError(
			'NAP_FILE_DAMAGED',
			`The checkpoint in ${directory} (sha256 ${clip.checkpoint.sha256}) is not the one that its run ended in (${sha256}). Restore it, or remove ${join(output, base.folder)} to tune it again.`,
		)
	}
	return withModel(cell, { ...clip, checkpoint: { ...clip.checkpoint, source: sourceFrom(base) } })
}

/**
 * A cell over another whose checkpoint is gone, as those in a repository: what its records say can be read, and nothing be computed.
 * @returns Undefined where the other is not finished.
 */
export async function overRecordedBase(output: string, cell: TunedCell): Promise<TunedCell | undefined> {
	const { base, model } = cell
	if (!base) return cell
	const sha256 = await recordedCheckpoint(output, base)
	if (sha256 === undefined) return undefined
	const { checkpoint } = model.clip
	// Published under a revision or not, what was tuned has none.
	const { revision: _, ...rest } = checkpoint
	return withModel(cell, { ...model.clip, checkpoint: { ...rest, sha256, source: sourceFrom(base) } })
}

function withModel(cell: TunedCell, clip: ClipModel): TunedCell {
	return { ...cell, model: { ...cell.model, clip } }
}
