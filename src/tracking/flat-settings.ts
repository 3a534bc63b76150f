/** Nested settings as a list. */

/**
 * Settings by path, as `optimizer.learningRate`, in their order. Texts stay as they are, anything else is JSON; lists are not
 * taken apart, and what is undefined is left out.
 */
export function flatSettings(settings: Readonly<Record<string, unknown>>): Map<string, string> {
	return new Map(entriesOf(settings, ''))
}

function entriesOf(settings: object, path: string): (readonly [string, string])[] {
	return Object.entries(settings).flatMap(([key, value]: [string, unknown]) => {
		const own = path === '' ? key : `${path}.${key}`
		if (value === undefined) return []
		if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0) {
			return entriesOf(value, own)
		}
		return [[own, typeof value === 'string' ? value : JSON.stringify(value)] as const]
	})
}

/** Settings as a table in Markdown. */
export function settingsMarkdown(settings: Readonly<Record<string, unknown>>): string {
	const escaped = (text: string) => text.replaceAll(/[\\|`*_<]/g, '\\$&').replaceAll(/\s+/g, ' ')
	const rows = [...flatSettings(settings)].map(([key, value]) => `| ${escaped(key)} | ${escaped(value)} |`)
	return ['| setting | value |', '| --- | --- |', ...rows].join('\n')
}
