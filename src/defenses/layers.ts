/** Layer numbers. */

/** 0 to depth - 1. */
export function layersUpTo(depth: number): number[] {
	return Array.from({ length: depth }, (_, layer) => layer)
}
