/** A verdict as Markdown, for the summary of a job. */

import { plainText } from '../core/plain-text.js'
import type { GateCheck, GateVerdict, Verdict } from '../records/gate.js'
import { intervalText, percentText } from '../report/number-text.js'
import { errorText, verdictSentence } from './texts.js'

const signs: Readonly<Record<Verdict, string>> = { pass: '✅ pass', fail: '❌ fail', undecided: '⏳ undecided' }

/** A heading with the verdict, a table of all checks, and what a person must know. */
export function verdictMarkdown(found: GateVerdict): string {
	const { verdict, subject, dataset, checks, notices, seed, versions, processor } = found
	const errors = checks.flatMap((check) => errorText(check) ?? [])
	return [
		`## naptune gate: ${signs[verdict]}`,
		'',
		`${cell(verdictSentence(found))}`,
		'',
		'| check | result | images | accuracy [95 %] | wanted | finding |',
		'| --- | --- | ---: | --- | --- | --- |',
		...checks.map(row),
		'',
		...(notices.length > 0 ? ['**Notes**', '', ...notices.map((text) => `- ${cell(text)}`), ''] : []),
		...(errors.length > 0 ? ['**Error rates**', '', ...errors.map((text) => `- ${cell(text)}`), ''] : []),
		`<sub>${cell(`${subject.kind} ${subject.name} (${subject.content.slice(0, 12)}), ${dataset.images} ${dataset.split} images of ${dataset.name}, seed ${seed}, naptune ${versions.naptune}, onnxruntime ${versions.engine} on ${versions.device}, ${processor}`)}</sub>`,
		'',
	].join('\n')
}

function row({ title, status, images, sample, accuracy, threshold, comparison, summary }: GateCheck): string {
	const wanted =
		threshold === undefined ? 'pass' : comparison ? `drop ≤ ${percentText(threshold)}` : `≥ ${percentText(threshold)}`
	const cells = [
		title,
		signs[status],
		sample > 0 ? `${images} of ${sample}` : '',
		accuracy ? `${percentText(accuracy.share)} ${intervalText(accuracy.interval)}` : '',
		wanted,
		summary,
	]
	return `| ${cells.map(cell).join(' | ')} |`
}

/** Names may hold anything: nothing in them is markup, ends a row, mentions somebody or loads a picture. */
function cell(text: string): string {
	return plainText(text, 'shown')
		.replace(/\s+/g, ' ')
		.replaceAll('&', '&amp;')
		.replaceAll('<', '&lt;')
		.replaceAll('>', '&gt;')
		.replaceAll('@', '&#64;')
		.replace(/[\\`*_{}[\]()#|!~]/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
