import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { shellWord } from './shell-word.js'

it('leaves plain words as they are', () => {
	expect(shellWord('runs/photos-1')).toBe('runs/photos-1')
})

it('quotes the rest so that a shell gives the same word', () => {
	expect(shellWord('my run #2')).toBe("'my run #2'")
	fc.assert(
		fc.property(
			fc.string().filter((text) => !text.includes('\0')),
			(text) => {
				expect(execFileSync('/bin/sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' })).toBe(text)
			},
		),
		{ numRuns: 30 },
	)
})
