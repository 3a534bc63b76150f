import { describe, expect, it } from 'vitest'
import { slowPattern } from './slow-pattern.js'

const contractions = "'s|'t|'re|'ve|'m|'ll|'d"

describe('slowPattern', () => {
	it.each([
		['CLIP', `${contractions}|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+`],
		['GPT-2', `${contractions}| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+`],
		[
			'cl100k',
			`(?i:${contractions})|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
		],
		['o200k', `[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{M}]*[\\p{Ll}\\p{M}]+(?i:${contractions})?|\\p{N}{1,3}|\\s+`],
		['white space', '\\s+'],
		['a code point', '\\x{41}\\u{1F600}\\p{Script=Han}[[:alpha:]&&[^a-z]]+'],
		['an escape at the end', 'a\\'],
	])('lets pass the pattern of %s', (_, pattern) => {
		expect(slowPattern(pattern)).toBeUndefined()
	})

	it.each([
		['(a+)+$', /repeats a group/],
		['(?:a|a)*$', /repeats a group/],
		['((a?){30})a{30}', /repeats a group/],
		['(?:(?:a)*b?){2,}', /repeats a group/],
		['(?<name>x+)*', /repeats a group/],
		['x*x*x*x*y', /more than 3 repetitions/],
		['(?:x*x*)(?:x*x*)y', /more than 3 repetitions/],
		['a|(?:x+x+|x+x+(?=x+x+))', /more than 3 repetitions/],
		['a)', /not open/],
		['a'.repeat(2001), /2001 characters/],
	])('tells what is slow in %s', (pattern, reason) => {
		expect(slowPattern(pattern)).toMatch(reason)
	})
})
