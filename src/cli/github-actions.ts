/** What GitHub Actions are told of a gate, where the command runs in one. */

import { appendFile, readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { gateAnnotations } from '../gate/annotations.js'
import type { GateVerdict } from '../records/gate.js'

/** Folders and files that Actions name to a step. */
type Environment = Readonly<Record<string, string | undefined>>

/**
 * In Actions: annotations on stderr, the summary for the page of the job, and `verdict` as output of the step. Elsewhere nothing.
 * @param summary The file of the Markdown summary. @param config The configuration, which annotations are shown at.
 */
export async function tellActions(
	verdict: GateVerdict,
	{ summary, config }: { readonly summary: string; readonly config: string },
	environment: Environment = process.env,
): Promise<void> {
	const { GITHUB_ACTIONS, GITHUB_WORKSPACE, GITHUB_STEP_SUMMARY, GITHUB_OUTPUT } = environment
	if (GITHUB_ACTIONS !== 'true') return
	const file = relative(GITHUB_WORKSPACE ?? process.cwd(), config)
	// Actions read commands of either stream; stdout holds the result.
	process.stderr.write(`${gateAnnotations(verdict, file).join('\n')}\n`)
	if (GITHUB_STEP_SUMMARY) await appendFile(GITHUB_STEP_SUMMARY, `${await readFile(summary, 'utf8')}\n`)
	if (GITHUB_OUTPUT) await appendFile(GITHUB_OUTPUT, `verdict=${verdict.verdict}\n`)
}
