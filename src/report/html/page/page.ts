/** Renders the whole page: one file that loads nothing. */

import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'
import { plainText } from '../../../core/plain-text.js'
import type { ReportDocument, ReportSection } from '../report-document.js'
import { blockElements, definitionList } from './blocks.js'
import { type Ids, pageIds } from './page-ids.js'
import { pageStyle } from './style.js'
import { words } from './words.js'

/**
 * Renders a report as an HTML document. It runs no code and sends no requests; its policy forbids both. All texts are
 * escaped and stripped of control characters.
 * @throws NaptuneError for a figure that is not a plain drawing.
 */
export async function reportPage(document: ReportDocument): Promise<string> {
	const ids = pageIds()
	for (const reserved of ['content', 'contents']) ids(reserved)
	const sections = document.sections.map((section) => ({ ...section, id: ids(section.id) }))
	const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="${document.writer}">
<title>${document.title}</title>
<style>${raw(pageStyle)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="top">
<h1>${document.title}</h1>
${document.verdict.map((sentence) => html`<p class="verdict">${words(sentence)}</p>`)}
${blockElements(document.introduction, ids)}
${definitionList(document.facts)}
</header>
<div class="columns">
<nav class="contents" aria-labelledby="contents"><h2 id="contents">Contents</h2>
<ol>${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ol></nav>
<main id="content" tabindex="-1">
${sections.map((section) => sectionElement(section, ids))}
</main>
</div>
<footer><p>Written by ${document.writer}.</p></footer>
</body>
</html>
`
	return plainText(String(await page), 'removed')
}

function sectionElement({ id, title, blocks }: ReportSection, ids: Ids) {
	return html`<section aria-labelledby="${id}"><h2 id="${id}" tabindex="-1">${title}</h2>
${blockElements(blocks, ids)}
</section>
`
}

/** Allows only the page's own style, identified by its hash, and embedded images. */
function policy(): string {
	const hash = createHash('sha256').update(pageStyle).digest('base64')
	return `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`
}
