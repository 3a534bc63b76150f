/** Python's `round`: to the nearest whole number, halves to the even one (0.5 to 0, 1.5 to 2, 2.5 to 2). */
export function roundHalfEven(value: number): number {
	const below = Math.floor(value)
	const rest = value - below
	if (rest !== 0.5) return rest < 0.5 ? below : below + 1
	return below % 2 === 0 ? below : below + 1
}
