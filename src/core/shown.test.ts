import { expect, it } from 'vitest'
import { shown } from './shown.js'

it('shows any value in a few characters', () => {
	let deep: unknown = []
	for (let depth = 0; depth < 1e6; depth++) deep = [deep]
	const values = [
		'a\n"b"',
		'x'.repeat(1e6),
		null,
		undefined,
		-0.5,
		1n,
		true,
		[1, 'a', [2], {}],
		{ a: 1 },
		deep,
		Symbol('x'),
	]
	expect(values.map((value) => shown(value))).toEqual([
		'"a\\n\\"b\\""',
		`"${'x'.repeat(80)}…"`,
		'null',
		'undefined',
		'-0.5',
		'1',
		'true',
		'[1,"a",...,...]',
		'an object of ["a"]',
		'[...]',
		'Symbol(x)',
	])
	expect(shown(Array.from({ length: 1e6 }, () => 'y'.repeat(1000))).length).toBeLessThan(300)
})
