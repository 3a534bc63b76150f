/** Reads the records that a result names by path. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readEvaluationRecord } from '../evaluation/robustness/record.js'
import type { EvaluationRecord } from '../records/evaluation.js'

/**
 * Reads evaluation records below a folder; undefined for missing ones.
 * @throws NaptuneError as `readEvaluationRecord` does.
 */
export function recordsBelow(root: string): (path: string) => Promise<EvaluationRecord | undefined> {
	return async (path) => {
		const file = join(root, path)
		return existsSync(file) ? readEvaluationRecord(file) : undefined
	}
}
