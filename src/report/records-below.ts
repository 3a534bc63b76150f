/** The records that a result names by their paths. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readEvaluationRecord } from '../evaluation/robustness/record.js'
import type { EvaluationRecord } from '../records/evaluation.js'

/** Reads evaluation records below a folder; undefined for what is not there. @throws NaptuneError as `readEvaluationRecord`. */
export function recordsBelow(root: string): (path: string) => Promise<EvaluationRecord | undefined> {
	return async (path) => {
		const file = join(root, path)
		return existsSync(file) ? readEvaluationRecord(file) : undefined
	}
}
