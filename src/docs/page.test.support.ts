/** What a page of the documentation is made of: headings, links, blocks of code. */

import GithubSlugger from 'github-slugger'
import MarkdownIt, { type Token } from 'markdown-it'

/** A block of code with its language. */
export interface Block {
	readonly language: string
	readonly code: string
	/** Line of the page that it begins at, counted from 1. */
	readonly line: number
}

/** A page taken apart. */
export interface Page {
	/** Names that `#` may point to, as GitHub gives them to headings. */
	readonly anchors: ReadonlySet<string>
	/** Targets of links and places of pictures. */
	readonly links: readonly string[]
	readonly blocks: readonly Block[]
	/** Text without links' targets and code. */
	readonly prose: string
}

const parser = new MarkdownIt({ html: true })

/** Takes a page apart. */
export function parsePage(text: string): Page {
	const slugger = new GithubSlugger()
	const tokens = parser.parse(text, {})
	const inline = tokens.flatMap(({ children }) => children ?? [])
	const headings = tokens.flatMap((token, position) =>
		token.type === 'heading_open' ? [plain(tokens[position + 1]?.children ?? [])] : [],
	)
	return {
		anchors: new Set(headings.map((heading) => slugger.slug(heading))),
		links: [
			...inline.flatMap((token) => [token.attrGet('href') ?? [], token.attrGet('src') ?? []].flat()),
			...[...tokens, ...inline].flatMap(({ type, content }) =>
				type.startsWith('html_')
					? [...content.matchAll(/\b(?:src|href)="([^"]+)"/g)].map(([, target = '']) => target)
					: [],
			),
		],
		blocks: tokens.flatMap(({ type, info, content, map }) =>
			type === 'fence' ? [{ language: info.trim(), code: content, line: (map?.[0] ?? 0) + 1 }] : [],
		),
		prose: inline.flatMap(({ type, content }) => (type === 'text' ? [content] : [])).join('\n'),
	}
}

function plain(tokens: readonly Token[]): string {
	return tokens.flatMap(({ type, content }) => (['text', 'code_inline'].includes(type) ? [content] : [])).join('')
}
