/** Detects regular expressions that can backtrack without end. */

/** Characters of one pattern; the longest in use have a few hundred. */
const longestPattern = 2000
/** Repetitions without a limit in one alternative. Each multiplies the time by the length of the text. */
const mostRepetitions = 3

/**
 * Why a pattern could take very long, as the end of a sentence; undefined if it cannot. A repeated group that contains a
 * choice or a repetition takes exponential time if its parts overlap, and no tokenizer needs one.
 */
export function slowPattern(pattern: string): string | undefined {
	if (pattern.length > longestPattern) return `has ${pattern.length} characters`
	/** Of each open group: whether it holds a choice or a repetition, and the repetitions of its alternatives. */
	const open = [{ varies: false, repetitions: 0, most: 0 }]
	let closed: { varies: boolean; repetitions: number } | undefined
	for (let at = 0; at < pattern.length; ) {
		const group = open.at(-1)
		if (!group) return 'closes a group that is not open'
		const quantifier = /^(?:[*+?]|\{\d*,?\d*\})[?+]?/.exec(pattern.slice(at, at + 40))?.[0]
		if (quantifier !== undefined) {
			const isOption = quantifier.startsWith('?')
			if (closed?.varies && !isOption) return 'repeats a group with a choice or a repetition in it'
			if (!isOption) group.repetitions++
			group.varies = true
			group.most = Math.max(group.most, group.repetitions)
			if (group.most > mostRepetitions) return `has more than ${mostRepetitions} repetitions in one alternative`
			closed = undefined
			at += quantifier.length
			continue
		}
		closed = undefined
		const character = pattern[at]
		if (character === '\\') at += /^\\(?:[pPxu]\{[^}]*\}|.)/su.exec(pattern.slice(at, at + 100))?.[0].length ?? 1
		else if (character === '[') at = endOfClass(pattern, at)
		else if (character === '(') {
			open.push({ varies: false, repetitions: 0, most: 0 })
			// What follows tells the kind of group and is no quantifier.
			at += /^\((?:\?(?:<?[=!]|[:>]|<\w+>|[a-z-]*:))?/.exec(pattern.slice(at, at + 100))?.[0].length ?? 1
		} else if (character === ')') {
			const { varies, most } = group
			open.pop()
			const outer = open.at(-1)
			if (!outer) return 'closes a group that is not open'
			closed = { varies, repetitions: most }
			outer.varies ||= varies
			outer.repetitions += most
			outer.most = Math.max(outer.most, outer.repetitions)
			if (outer.most > mostRepetitions) return `has more than ${mostRepetitions} repetitions in one alternative`
			at++
		} else {
			if (character === '|') {
				group.varies = true
				group.repetitions = 0
			}
			at++
		}
	}
	return undefined
}

/** Position after a class of characters, which may hold others. */
function endOfClass(pattern: string, start: number): number {
	let depth = 0
	for (let at = start; at < pattern.length; at++) {
		if (pattern[at] === '\\') at++
		else if (pattern[at] === '[') depth++
		else if (pattern[at] === ']' && --depth === 0) return at + 1
	}
	return pattern.length
}
