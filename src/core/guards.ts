/** Tells JSON objects from other values. */

/** Whether a value is an object with named entries. */
export function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value)
}
