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
		expect(explained({ learned: 3 })).toBe('✖ Unrecognized key: "learned"; known keys: steps, deep, kind, free')
		expect(explained({ deep: { best: 1 } })).toMatch(/"best"; known keys: rate, decay\n.*at deep/)
	})

	it('names what was meant, in another object, too', () => {
		expect(explained({ stepz: 3 })).toBe(
			'✖ Unrecognized key: "stepz"; known keys: steps, deep, kind, free. Did you mean steps?',
		)
		expect(explained({ decay: 'linear' })).toMatch(/known keys: steps, deep, kind, free\. Did you mean deep\.decay\?$/)
	})

	it('names the choice that was meant', () => {
		expect(explained({ kind: 'fanzy' })).toMatch(/"plain"\|"fancy"\. Did you mean fancy\?\n.*at kind/)
		expect(explained({ kind: 'other' })).not.toContain('mean')
	})

	it('says of a value with several forms what is wrong with the one that it has', () => {
		const forms = z.strictObject({ methods: z.union([z.array(z.string()), z.record(z.string(), z.number())]) })
		const { error } = forms.safeParse({ methods: { nap: 'x' } })
		expect(explainIssues(error!, forms)).toMatch(/expected number, received string\n.*at methods\.nap/)
		expect(explainIssues(forms.safeParse({ methods: 3 }).error!, forms)).toMatch(/Invalid input\n.*at methods/)
	})

	it('finds the keys of objects in lists, in tables and in one of several forms', () => {
		const item = z.strictObject({ title: z.string().optional() })
		const deep = z.strictObject({ list: z.array(z.union([z.string(), item])), table: z.record(z.string(), item) })
		const { error } = deep.safeParse({ list: ['a', { titel: 'x' }], table: { a: { tilte: 'x' } } })
		expect(explainIssues(error!, deep).match(/known keys: title\. Did you mean title\?/g)).toHaveLength(2)
	})

	it('leaves other issues as they are, and says nothing of keys that it cannot find', () => {
		expect(explained({ steps: 'a' })).toBe(z.prettifyError(schema.safeParse({ steps: 'a' }).error!))
		expect(explained({ free: { a: { b: 1 } } })).toMatch(/^✖ Unrecognized key: "b"\n/)
	})
})
