/** Exports read back. */

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { at } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import { sha256OfFile } from '../files/sha256.js'
import { type ExportedGraph, type ExportRecord, exportForm } from '../records/export.js'
import { readRecord } from '../records/record-kind.js'
import { exportFile } from './folder.js'

/** An export on the disk. */
export interface LoadedExport {
	/** Absolute path of its folder. */
	readonly folder: string
	/** What `export.json` holds. */
	readonly record: ExportRecord
	/** Absolute path of a graph's file. */
	graphPath(graph: ExportedGraph): string
}

/** Whether a folder is an export. */
export function isExport(folder: string): boolean {
	return existsSync(join(folder, exportFile))
}

/**
 * Reads an export and checks that its files are those that were written.
 * @throws NaptuneError when there is none, or a file is missing or damaged.
 */
export async function loadExport(folder: string): Promise<LoadedExport> {
	const root = resolve(folder)
	if (!isExport(root)) {
		throw new NaptuneError(
			'NAP_FILE_MISSING',
			`${folder} is no export: it holds no ${exportFile}. Give the --output folder of naptune export.`,
		)
	}
	const record: ExportRecord = await readRecord(exportForm, join(root, exportFile))
	for (const [name, { sha256 }] of Object.entries(record.files)) {
		// People complete their card, and nothing reads it.
		if (name === 'README.md') continue
		const path = join(root, name)
		if (existsSync(path) && (await sha256OfFile(path)) === sha256) continue
		throw new NaptuneError(
			'NAP_FILE_DAMAGED',
			`${path} is ${existsSync(path) ? 'not the file that was exported' : 'missing'}. Restore it, or export again.`,
		)
	}
	return { folder: root, record, graphPath: ({ file }) => join(root, file) }
}

/** The graph of a role. @throws NaptuneError where the export has none. */
export function graphOf({ graphs, task }: ExportRecord, role: ExportedGraph['role']): ExportedGraph {
	const found = graphs.filter((graph) => graph.role === role)
	if (found.length > 0) return at(found, 0)
	throw new NaptuneError('NAP_INPUT_UNSUITABLE', `This export (${task}) has no graph for ${role}.`)
}
