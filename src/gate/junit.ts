/** A verdict as JUnit XML, which CI systems show as tests. */

import { encodeXML } from 'entities'
import { plainText } from '../core/plain-text.js'
import type { GateCheck, GateVerdict } from '../records/gate.js'

/**
 * One test suite with a test case per check: a failed check is a failure, an undecided one an error. Times are left out, so
 * that the same verdict gives the same bytes. Control characters are written as `\x1b`, which XML cannot hold otherwise.
 */
export function junitXml({ verdict, subject, dataset, checks, notices, versions, processor }: GateVerdict): string {
	const count = (status: GateCheck['status']) => checks.filter((check) => check.status === status).length
	const totals = attributes({ tests: checks.length, failures: count('fail'), errors: count('undecided'), skipped: 0 })
	const properties = {
		verdict,
		model: `${subject.kind} ${subject.name}`,
		'model-content': subject.content,
		data: `${dataset.images} ${dataset.split} images of ${dataset.name}`,
		...versions,
		processor,
	}
	return [
		'<?xml version="1.0" encoding="UTF-8"?>',
		`<testsuites ${attributes({ name: 'naptune gate' })} ${totals}>`,
		`\t<testsuite ${attributes({ name: `naptune gate: ${subject.name}` })} ${totals}>`,
		'\t\t<properties>',
		...Object.entries(properties).map(([name, value]) => `\t\t\t<property ${attributes({ name, value })}/>`),
		'\t\t</properties>',
		...checks.flatMap((check) => testCase(check, subject.name)),
		...(notices.length > 0 ? [`\t\t<system-out>${xmlText(notices.join('\n'))}</system-out>`] : []),
		'\t</testsuite>',
		'</testsuites>',
		'',
	].join('\n')
}

function testCase({ id, title, status, summary }: GateCheck, name: string): string[] {
	const start = `\t\t<testcase ${attributes({ classname: `naptune.gate.${name}`, name: `${id}: ${title}` })}>`
	const text = { message: summary, type: id }
	const finding =
		status === 'pass'
			? `\t\t\t<system-out>${xmlText(summary)}</system-out>`
			: `\t\t\t<${status === 'fail' ? 'failure' : 'error'} ${attributes(text)}>${xmlText(summary)}</${status === 'fail' ? 'failure' : 'error'}>`
	return [start, finding, '\t\t</testcase>']
}

function attributes(values: Readonly<Record<string, string | number>>): string {
	return Object.entries(values)
		.map(([name, value]) => `${name}="${xmlText(String(value)).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')}"`)
		.join(' ')
}

function xmlText(text: string): string {
	return encodeXML(plainText(text, 'shown'))
}
