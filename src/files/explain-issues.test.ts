import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { explainIssues } from './explain-issues.js'

const schema = z
	.strictObject({
		steps: z.int().default(5),
		deep: z.strictObject({ rate: z.number().optional(), decay: z.string().optional() }).prefault({}),
		free: z.record(z.string(), z.strictObject({})).optional(),
	})
	.refine(({ steps }) => steps > 0)
	.transform((value) => ({ ...value, more: true }))

function explained(value: unknown): string {
	const { error } = schema.safeParse(value)
	return explainIssues(error!, schema)
}

describe('explainIssues', () => {
	it('lists the known keys beside an unknown one, also deep down', () => {
		expect(explained({ stepz: 3 })).toBe('✖ Unrecognized key: "stepz"; known are steps, deep, free')
		expect(explained({ deep: { rat: 1 } })).toMatch(/"rat"; known are rate, decay\n.*at deep/)
	})

	it('leaves other issues as they are, and says nothing of keys that it cannot find', () => {
		expect(explained({ steps: 'a' })).toBe(z.prettifyError(schema.safeParse({ steps: 'a' }).error!))
		expect(explained({ free: { a: { b: 1 } } })).toMatch(/^✖ Unrecognized key: "b"\n/)
	})
})
