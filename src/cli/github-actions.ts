/** Reports a gate to GitHub Actions, if the command runs there. */

import { appendFile, readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { gateAnnotations } from '../gate/annotations.js'
import type { GateVerdict } from '../records/gate.js'

/** Environment variables, some of which name folders and files of an Actions step. */
type Environment = Readonly<Record<string, string | undefined>>

/**
 * In Actions: writes annotations to stderr, the summary to the job's page, and `verdict` as an output of the step. Elsewhere
 * does nothing.
 * @param summary The Markdown summary file. @param config The configuration file, which annotations point to.
 */
export async function tellActions(
	verdict: GateVerdict,
	{ summary, config }: { readonly summary: string; readonly config: string },
	environment: Environment = process.env,
): Promise<void> {
	const { GITHUB_ACTIONS, GITHUB_WORKSPACE, GITHUB_STEP_SUMMARY, GITHUB_OUTPUT } = environment
	if (GITHUB_ACTIONS !== 'true') return
	const file = relative(GITHUB_WORKSPACE ?? process.cwd(), config)
	// Actions reads commands from both streams; stdout holds the result.
	process.stderr.write(`${gateAnnotations(verdict, file).join('\n')}\n`)
	if (GITHUB_STEP_SUMMARY) await appendFile(GITHUB_STEP_SUMMARY, `${await readFile(summary, 'utf8')}\n`)
	if (GITHUB_OUTPUT) await appendFile(GITHUB_OUTPUT, `verdict=${verdict.verdict}\n`)
}
