/** Turns blocks of a report into elements of a page. */

import { html } from 'hono/html'
import type { Block, Definition, Tone } from '../report-document.js'
import { galleryElement } from './gallery-element.js'
import { heading } from './heading.js'
import type { Html } from './html.js'
import { inlineSvg } from './inline-svg.js'
import type { Ids } from './page-ids.js'
import { tableElement } from './table-element.js'
import { words } from './words.js'

/**
 * Blocks one after the other.
 * @param level Of the headings of blocks that have one.
 */
export function blockElements(blocks: readonly Block[], ids: Ids, level: 3 | 4 = 3): Html[] {
	return blocks.map((block) => blockElement(block, ids, level))
}

function blockElement(block: Block, ids: Ids, level: 3 | 4): Html {
	switch (block.kind) {
		case 'paragraph':
			return html`<p${toned(block.tone)}>${toneWord(block.tone)}${words(block.text)}</p>`
		case 'list':
			return html`<ul${toned(block.tone)}>${block.items.map((item) => html`<li>${toneWord(block.tone)}${words(item)}</li>`)}</ul>`
		case 'table':
			return tableElement(block.table, { id: ids(`table-${block.table.name}`) })
		case 'figure':
			return figureElement(block, ids, level)
		case 'gallery':
			return galleryElement(block, ids, level)
		case 'definitions':
			return definitionList(block.entries)
		case 'code':
			return html`<div class="scroll code" role="region" aria-label="${block.label}" tabindex="0"><pre><code>${block.text}</code></pre></div>`
		case 'details':
			return html`<details><summary>${block.summary}</summary>
<div>${blockElements(block.blocks, ids, level)}</div></details>`
	}
}

/** A list of terms and their descriptions. */
export function definitionList(entries: readonly Definition[]): Html {
	return html`<dl>${entries.map(
		({ term, text, code }) =>
			html`<div><dt>${term}</dt><dd>${code ? html`<code>${text}</code>` : words(text)}</dd></div>
`,
	)}</dl>`
}

function figureElement(figure: Block & { kind: 'figure' }, ids: Ids, level: 3 | 4): Html {
	const id = ids(`figure-${figure.name}`)
	const { table } = figure
	return html`<figure aria-labelledby="${id}-title">
${heading(level, `${id}-title`, figure.title)}
<div class="scroll drawing" role="region" aria-label="${figure.title}" tabindex="0">${inlineSvg(figure.svg, id, `${id}-title ${id}-sentence`)}</div>
<figcaption><p id="${id}-sentence">${words(figure.sentence)}</p>${
		figure.notes.length > 0
			? html`<ul class="notes">${figure.notes.map((note) => html`<li>${words(note)}</li>`)}</ul>`
			: ''
	}</figcaption>
${
	table
		? html`<details><summary>Numbers of this figure<span class="hidden">: ${figure.title}</span></summary>
<div>${tableElement(table, { id: ids(`${id}-numbers`), quiet: true })}</div></details>`
		: ''
}
</figure>`
}

function toned(tone: Tone | undefined) {
	return tone === undefined ? '' : html` class="${tone}"`
}

/** Names the tone in words, because colour alone is not accessible. */
function toneWord(tone: Tone | undefined) {
	return tone === undefined ? '' : html`<b>${tone === 'problem' ? 'Problem' : 'Note'}:</b> `
}
