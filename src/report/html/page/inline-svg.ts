/** Embeds SVG documents of figures in a page. */

import { raw } from 'hono/html'
import { NaptuneError } from '../../../core/errors.js'

/** A tag; quoted values may hold any character. */
const tags = /<(?:[^<>"']|"[^"]*"|'[^']*')*>/g

/** Content that a page must not have; figures never have it, but their texts come from files. */
const active = /<(script|foreignObject|iframe|image|use|a)\b|\son[a-z]+\s*=|(href|src)\s*=\s*["']?\s*(?!["']?#)/i

/**
 * Turns an SVG document into an element with the role of an image. Prefixes its ids, since a page holds several figures, and
 * drops roles and labels of its parts, since the whole element has them.
 * @param name Unique in the page: the prefix. @param labelledBy Ids of the elements that describe the figure.
 * @throws NaptuneError if it is not a plain drawing.
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
			`The figure ${name} has parts that load or run something; a report accepts only plain drawings.`,
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
	// A wide figure shrinks with the window while its text stays legible, then scrolls.
	return raw(
		`<svg class="${Number(width) > 600 ? 'wide' : 'small'}" xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="${labelledBy}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${own}</svg>`,
	)
}

function tagsOf(content: string): string {
	// Labels hold names from files, so drop them.
	return (content.match(tags) ?? []).map((tag) => tag.replaceAll(/\saria-[a-z]+="[^"]*"/g, '')).join('')
}
