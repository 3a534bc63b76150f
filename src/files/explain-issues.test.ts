import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { explainIssues } from './explain-issues.js'

const schema = z
	.strictObject({
		steps: z.int().default(5),
		deep: z.strictObject({ rate: z.number().optional(), decay: z.string().optional() }).prefault({}),
		kind: z.enum(['plain', 'fancy']).optional(),
		free: z.record(z.string(), z.strictObject({})).optional(),
	})
	.refine(({ steps }) => steps > 0)
	.transform((value) => ({ ...value, more: true }))

function explained(value: unknown): string {
	const { error } = schema.safeParse(value)
	return explainIssues(error!, schema, value)
}

describe('explainIssues', () => {
	it('lists the known keys beside an unknown one, also deep down', () => {
		expect(explained({ other: 3 })).toBe('✖ Unrecognized key: "other"; known are steps, deep, kind, free')
		expect(explained({ deep: { other: 1 } })).toMatch(/"other"; known are rate, decay\n.*at deep/)
	})

	it('names the key or the choice that was meant, wherever it is', () => {
		expect(explained({ stepz: 3 })).toContain('free. Did you mean steps?')
		expect(explained({ deep: { rat: 1 } })).toMatch(/rate, decay\. Did you mean deep\.rate\?\n.*at deep/)
		expect(explained({ decay: 1 })).toContain('Did you mean deep.decay?')
		expect(explained({ kind: 'fanzy' })).toMatch(/Did you mean fancy\?/)
		expect(explained({ kind: 'other' })).not.toContain('mean')
	})

	it('leaves other issues as they are, and says nothing of keys that it cannot find', () => {
		expect(explained({ steps: 'a' })).toBe(z.prettifyError(schema.safeParse({ steps: 'a' }).error!))
		expect(explained({ free: { a: { b: 1 } } })).toMatch(/^✖ Unrecognized key: "b"\n/)
	})
})
