/** Path patterns, as the cards of data sets on the hub use them. */

/**
 * The pattern as a regular expression on whole paths: `*` and `?` stay within a folder, `**` does not, `[abc]` and `{a,b}`
 * are alternatives. Everything else is literal, including an unclosed bracket or brace.
 */
export function globExpression(pattern: string): RegExp {
	const token = /\*\*\/|\*\*|\*|\?|\[!?[^\]/]+\]|\{[^{}]*\}|[^*?[{]+|[[{]/g
	return new RegExp(`^${[...pattern.matchAll(token)].map(([part]) => expressionOf(part)).join('')}$`)
}

function expressionOf(part: string): string {
	if (part === '**/') return '(?:.*/)?'
	if (part === '**') return '.*'
	if (part === '*') return '[^/]*'
	if (part === '?') return '[^/]'
	if (part.startsWith('[') && part.length > 1) {
		const negated = part[1] === '!'
		return `[${negated ? '^/' : ''}${part.slice(negated ? 2 : 1, -1).replace(/[\\^[]/g, '\\$&')}]`
	}
	if (part.startsWith('{') && part.length > 1) {
		const choices = part.slice(1, -1).split(',')
		return `(?:${choices.map((choice) => globExpression(choice).source.slice(1, -1)).join('|')})`
	}
	return part.replace(/[.+^$()|[\]{}\\]/g, '\\$&')
}
