import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { ReportTable } from '../../tables/table.js'
import { hostile, sampleDocument } from '../report.test.support.js'
import type { Block, ReportDocument } from '../report-document.js'
import { reportPage } from './page.js'

const table: ReportTable = {
	name: 'accuracy',
	title: 'Accuracy',
	notes: ['n = 10.'],
	columns: [
		{ title: 'method', align: 'left' },
		{ title: 'clean', align: 'right' },
		{ title: '', align: 'left' },
	],
	rows: [
		{
			group: 'PGD',
			cells: [{ text: 'NAP', header: true }, { text: '40.0', best: true, detail: '[1, 2]' }, { text: 'x' }],
		},
		{ group: 'PGD', cells: [{ text: 'FAP', header: true }, { text: '30.0', second: true }, { text: 'y' }] },
		{ group: 'CWA', cells: [{ text: 'NAP' }, { text: '20.0' }, { text: 'z' }] },
	],
}

function documentOf(...blocks: Block[]): ReportDocument {
	return {
		title: 'A report',
		verdict: ['It holds 40.0 % at L-infinity 1/255.'],
		facts: [{ term: 'Model', text: 'nano' }],
		introduction: [],
		sections: [
			{ id: 'results', title: 'Results', blocks },
			{ id: 'results', title: 'Results again', blocks },
		],
		writer: 'naptune 1',
	}
}

describe('reportPage', () => {
	it('lets nothing run or load: its policy knows the one style by its hash', async () => {
		const page = await reportPage(documentOf())
		const style = /<style>([\s\S]*?)<\/style>/.exec(page)![1]!
		const hash = createHash('sha256').update(style).digest('base64')
		const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)![1]
		expect(policy!.replaceAll('&#39;', "'")).toBe(
			`default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`,
		)
		expect(page).not.toMatch(/https?:\/\/(?!www\.w3\.org\/2000\/svg)/)
		expect(page).not.toMatch(/\sstyle="/)
	})

	it('leaves control characters out', async () => {
		const page = await reportPage(await sampleDocument())
		expect(page).toContain('[31m')
		// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
		expect(page).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/)
	})

	it('keeps every id once, and every reference to one', async () => {
		const page = await reportPage(await sampleDocument())
		const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id!)
		expect(new Set(ids).size).toBe(ids.length)
		const named = [...page.matchAll(/\s(?:aria-labelledby|aria-describedby)="([^"]*)"|href="#([^"]*)"/g)]
		for (const [, words, link] of named) {
			for (const id of (words ?? link)!.split(' ')) expect(ids).toContain(id)
		}
	})

	it('escapes every text, wherever it stands', async () => {
		const page = await reportPage(await sampleDocument())
		expect(page).toContain('&lt;script&gt;')
		expect(page).not.toContain('<script')
		expect(page).not.toContain('<img src=x')
		// No tag was closed early: outside of quotes there is no handler.
		const tags = page.match(/<(?:[^<>"']|"[^"]*"|'[^']*')*>/g)!
		expect(tags.filter((tag) => /\son\w+=/.test(tag.replaceAll(/"[^"]*"/g, '""')))).toEqual([])
		expect(await reportPage(documentOf({ kind: 'code', label: hostile, text: hostile }))).not.toContain('<script')
	})

	it('says what rows and columns are, and which number is best without its looks', async () => {
		const page = await reportPage(documentOf({ kind: 'table', table }))
		expect(page).toContain('<th scope="col" class="right">clean</th><td></td>')
		expect(page).toContain('<th scope="rowgroup" colspan="3"><span>PGD</span></th>')
		expect(page.match(/scope="rowgroup"/g)).toHaveLength(4)
		expect(page).toContain(
			'<strong class="best">40.0</strong><span class="hidden"> (best)</span> <small>[1, 2]</small>',
		)
		expect(page).toContain('<span class="second">30.0</span><span class="hidden"> (second best)</span>')
		expect(page.match(/<th scope="row">NAP<\/th>/g)).toHaveLength(4)
		expect(page).toContain('<caption id="table-accuracy-title"><span>Accuracy</span></caption>')
		expect(page).toContain('role="region" aria-labelledby="table-accuracy-2-title" tabindex="0"')
	})

	it('tells problems and notes by a word, and folds details', async () => {
		const page = await reportPage(
			documentOf(
				{ kind: 'list', items: ['gone'], tone: 'problem' },
				{ kind: 'paragraph', text: 'small', tone: 'note' },
				{ kind: 'details', summary: 'More', blocks: [{ kind: 'paragraph', text: 'inside' }] },
			),
		)
		expect(page).toContain('<li><b>Problem:</b> gone</li>')
		expect(page).toContain('<p class="note"><b>Note:</b> small</p>')
		expect(page).toMatch(/<details><summary>More<\/summary>\s*<div><p>inside<\/p>/)
	})

	it('keeps numbers with their sign, and is the same every time', async () => {
		const page = await reportPage(documentOf())
		expect(page).toContain('It holds 40.0\u00a0% at <span class="keep">L-infinity</span> 1/255.')
		expect(await reportPage(documentOf())).toBe(page)
	})
})
