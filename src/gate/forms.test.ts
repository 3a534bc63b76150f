import { decodeXML } from 'entities'
import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { at } from '../core/at.js'
import type { GateCheck, GateVerdict } from '../records/gate.js'
import { gateAnnotations } from './annotations.js'
import { junitXml } from './junit.js'
import { verdictMarkdown } from './markdown.js'

const check: GateCheck = {
	id: 'pgd-100-linf-3/255.min',
	title: 'robust accuracy: minimum',
	status: 'fail',
	summary: '1 of 36 right',
	images: 36,
	sample: 60,
	decidedBy: 'certainty',
	accuracy: { share: 1 / 36, interval: [0.005, 0.142] },
	threshold: 0.22,
}
const verdict = (name: string, checks: readonly GateCheck[] = [check]): GateVerdict => ({
	format: 1,
	kind: 'gate-verdict',
	verdict: 'fail',
	subject: { kind: 'run', name, content: 'a'.repeat(64) },
	config: 'b'.repeat(64),
	dataset: { name: 'photos', split: 'test', images: 60, content: 'c'.repeat(64) },
	seed: 1,
	stopping: { rule: 'certain', margin: 0.1, falsePass: 0.025, falseFail: 0.025 },
	checks,
	notices: [`something about ${name}`],
	versions: { naptune: '0.1.0', engine: 'onnxruntime-node 1.30.0', device: 'cpu' },
	processor: 'x64 test',
})
const evil = "\"><b a='&']]>\x1b[2J\u202ered\x00\ud800\ufffe\n::error::owned\r\n\t@user | `x` <!-- é"

/** Whether a real XML parser (that of the SVG renderer) reads a document. */
async function isWellFormed(xml: string): Promise<boolean> {
	const inner = xml.replace(/^<\?xml[^>]*\?>\n/, '')
	const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4">${inner}</svg>`
	return sharp(Buffer.from(svg))
		.png()
		.toBuffer()
		.then(
			() => true,
			() => false,
		)
}

describe('JUnit XML', () => {
	it('holds every check, with failures and errors counted', () => {
		const xml = junitXml(
			verdict('run', [
				check,
				{ ...check, id: 'clean.min', status: 'pass' },
				{ ...check, id: 'audit.x', status: 'undecided' },
			]),
		)
		expect(xml).toContain('<testsuite name="naptune gate: run" tests="3" failures="1" errors="1" skipped="0">')
		expect(xml).toMatch(/<failure message="1 of 36 right" type="pgd-100-linf-3\/255\.min">/)
		expect(xml).toMatch(/<error message="1 of 36 right" type="audit.x">/)
		expect(xml.match(/<testcase /g)).toHaveLength(3)
	})

	it('is well-formed and says the same whatever names hold', async () => {
		expect(await isWellFormed('<a>&nbsp;</a>')).toBe(false)
		const xml = junitXml(verdict(evil, [{ ...check, title: evil, summary: evil }]))
		expect(await isWellFormed(xml)).toBe(true)
		// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
		expect(xml).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ufffe]/)
		const message = /<failure message="([^"]*)"/.exec(xml)?.[1]
		expect(decodeXML(message ?? '')).toContain("\"><b a='&']]>\\x1b[2J\\u202ered")
		expect(decodeXML(message ?? '')).toContain('\n::error::owned\\x0d\n\t@user')
	})

	it('is well-formed for any text', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { minLength: 20, maxLength: 20 }),
				async (texts) => {
					const checks = texts.map((text) => ({ ...check, id: text, title: text, summary: text }))
					expect(await isWellFormed(junitXml(verdict(texts.join(''), checks)))).toBe(true)
				},
			),
			{ numRuns: 4 },
		)
	})
})

describe('annotations', () => {
	it('are one line each and end nothing early', () => {
		const lines = gateAnnotations(verdict(evil, [{ ...check, title: evil, summary: `100 % ${evil}` }]), 'a,b:c.json')
		expect(lines).toHaveLength(3)
		for (const line of lines) {
			expect(line).toMatch(/^::(error|warning|notice) file=a%2Cb%3Ac\.json,title=[^,:]*::/)
			expect(line).not.toMatch(/[\r\n]/)
		}
		expect(at(lines, 0)).toContain('100 %25')
		expect(at(lines, 0)).toContain('%0A::error::owned')
	})
})

describe('the Markdown summary', () => {
	it('is a table whose cells no name breaks, and in which no name is markup', () => {
		const text = verdictMarkdown(verdict(evil, [{ ...check, title: evil, summary: evil }]))
		const rows = text.split('\n').filter((line) => line.startsWith('|'))
		expect(rows).toHaveLength(3)
		for (const row of rows) expect(row.match(/\|/g)).toHaveLength(7)
		expect(text).not.toContain('<b')
		expect(text).not.toContain('@user')
		expect(text).not.toContain('<!--')
		expect(text).toContain('❌ fail')
	})
})
