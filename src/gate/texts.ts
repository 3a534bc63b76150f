/** Sentences about a verdict that several forms of it share. */

import { counted } from '../core/counted.js'
import { plainText } from '../core/plain-text.js'
import type { GateCheck, GateVerdict } from '../records/gate.js'
import { percentText } from '../report/number-text.js'

/** On one line, whatever a name holds. */
export function oneLine(text: string): string {
	return plainText(text, 'shown').replace(/\s+/g, ' ').trim()
}

/** The verdict in one sentence. */
export function verdictSentence({ verdict, subject, checks }: GateVerdict): string {
	const count = (status: GateCheck['status']) => checks.filter((check) => check.status === status).length
	const name = oneLine(subject.name)
	if (verdict === 'pass') return `${name} passes: ${counted(checks.length, 'check')} passed.`
	if (verdict === 'fail') return `${name} fails: ${count('fail')} of ${counted(checks.length, 'check')} failed.`
	return `${name} is undecided: the time budget ran out first. The measurements are saved; run the same command again to resume.`
}

/** What the stopping rule of a check costs; undefined where nothing is known of it. */
export function errorText({ id, errors, threshold }: GateCheck): string | undefined {
	if (!errors || threshold === undefined) return undefined
	const { falsePass, falseFail, margin, expectedImages } = errors
	const [atMin, atGood] = expectedImages
	return `${id}: a model whose true accuracy is ${percentText(threshold)} passes with probability ${chance(falsePass)} after ${atMin} images on average; one of ${percentText(threshold + margin)} fails with probability ${chance(falseFail)} after ${atGood}.`
}

function chance(probability: number): string {
	return probability < 0.0005 ? 'below 0.001' : probability.toFixed(3)
}
