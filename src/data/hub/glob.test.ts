import { expect, it } from 'vitest'
import { globExpression } from './glob.js'

it('globExpression matches whole paths as cards mean it', () => {
	const matches = (pattern: string, path: string) => globExpression(pattern).test(path)
	const yes: [string, string][] = [
		['data/train-*', 'data/train-00000-of-00001.parquet'],
		['**/*.parquet', 'a.parquet'],
		['**/*.parquet', 'a/b/c.parquet'],
		['a/**', 'a/b/c'],
		['{train,dev}/[0-9]?.x', 'dev/5a.x'],
		['[!ab].x', 'c.x'],
		['a(1)+.$', 'a(1)+.$'],
		['a[b', 'a[b'],
		['a{b', 'a{b'],
	]
	const no: [string, string][] = [
		['data/train-*', 'data/train-a/b'],
		['*.parquet', 'a/b.parquet'],
		['a.x', 'abx'],
		['[!ab].x', 'a.x'],
		['{a,b}', 'c'],
		['a?c', 'a/c'],
	]
	for (const [pattern, path] of yes) expect([pattern, path, matches(pattern, path)]).toEqual([pattern, path, true])
	for (const [pattern, path] of no) expect([pattern, path, matches(pattern, path)]).toEqual([pattern, path, false])
})
