/** Flattens nested settings into a list. */

/** Settings by path, such as `optimizer.learningRate`, in their order. Lists stay whole, and undefined values are dropped. */
export function flatSettings(settings: Readonly<Record<string, unknown>>): Map<string, unknown> {
	return new Map(entriesOf(settings, ''))
}

function entriesOf(settings: object, path: string): (readonly [string, unknown])[] {
	return Object.entries(settings).flatMap(([key, value]: [string, unknown]) => {
		const own = path === '' ? key : `${path}.${key}`
		if (value === undefined) return []
		const nested = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
		return nested ? entriesOf(value, own) : [[own, value] as const]
	})
}

/** A setting as text: texts unchanged, anything else as JSON. */
export function settingText(value: unknown): string {
	return typeof value === 'string' ? value : JSON.stringify(value)
}
