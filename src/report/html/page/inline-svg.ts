/** SVG documents of figures as parts of a page. */

import { raw } from 'hono/html'
import { NaptuneError } from '../../../core/errors.js'

/** A tag; quoted values may hold any character. */
const tags = /<(?:[^<>"']|"[^"]*"|'[^']*')*>/g

/** What a page may not contain; figures never do, but their texts come from files. */
const active = /<(script|foreignObject|iframe|image|use|a)\b|\son[a-z]+\s*=|(href|src)\s*=\s*["']?\s*(?!["']?#)/i

/**
 * An SVG document as an element with the role of an image. Its ids get a prefix, since several stand on one page; roles and
 * labels of its parts are left out, since the element as a whole has them.
 * @param name Unique in the page: the prefix. @param labelledBy Ids of the elements that say what is seen.
 * @throws NaptuneError for one that is not a plain drawing.
 */
export function inlineSvg(svg: string, name: string, labelledBy: string) {
	const start = /<svg\b[^>]*>/.exec(svg)
	const size = start && /\bwidth="([\d.]+)" height="([\d.]+)"/.exec(start[0])
	if (!start || !size)
		throw new NaptuneError('NAP_INTERNAL', `The figure ${name} is not an SVG document with a width and a height.`)
	const content = svg.slice(start.index + start[0].length, svg.lastIndexOf('</svg>'))
	if (active.test(tagsOf(content))) {
		throw new NaptuneError(
			'NAP_INTERNAL',
			`The figure ${name} has parts that load or run something; only drawings stand in a report.`,
		)
	}
	const own = content
		.replaceAll(tags, (tag) =>
			tag
				.replaceAll(/\s(?:role|class|aria-[a-z]+)="[^"]*"/g, '')
				.replaceAll(/\sid="([^"]*)"/g, ` id="${name}-$1"`)
				.replaceAll(/url\((["']?)#([^)"']*)\1\)/g, `url(#${name}-$2)`)
				.replaceAll(/\b((?:xlink:)?href)="#([^"]*)"/g, `$1="#${name}-$2"`),
		)
		.trim()
	const [, width, height] = size
	// A wide one shrinks with the window as long as its text can be read, then scrolls.
	return raw(
		`<svg class="${Number(width) > 600 ? 'wide' : 'small'}" xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="${labelledBy}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${own}</svg>`,
	)
}

function tagsOf(content: string): string {
	// Labels hold names from files, and are left out of the page.
	return (content.match(tags) ?? []).map((tag) => tag.replaceAll(/\saria-[a-z]+="[^"]*"/g, '')).join('')
}
