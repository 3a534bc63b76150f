import { describe, expect, it } from 'vitest'
import { checksAt, failing, furthest, paperChecks } from './paper-checks.js'
import { loadPaperTargets } from './targets.js'

const targets = await loadPaperTargets()
const { averages, claims, inversions } = paperChecks(targets)

describe("the paper's own numbers", () => {
	it('have averages that are not the means of their cells, as the notes say', () => {
		expect(failing(checksAt(averages, 'Table I'))).toEqual({ count: 30, of: 35 })
		expect(failing(checksAt(averages, 'Table II')).of).toBe(35)
		// The row of PGD-100 in Table II carries the averages of Table I.
		const pgd = checksAt(averages, 'Table II').filter(({ what }) => what.endsWith(', pgd'))
		const before = checksAt(averages, 'Table I').filter(({ what }) => what.endsWith(', pgd'))
		expect(pgd.slice(0, -1).map(({ stated }) => stated)).toEqual(before.slice(0, -1).map(({ stated }) => stated))
		expect(furthest(averages).what).toBe('average of fap, pgd')
	})

	it('are repeated in the text as averages that cells contradict', () => {
		const found = (what: string) => claims.find((claim) => claim.what.startsWith(what))
		expect(found('gain of NAP over the strongest baseline under AutoAttack on ViT-B/16')).toMatchObject({
			stated: 33.5,
			agrees: false,
		})
		expect(found('gain of NAP over the strongest baseline under AutoAttack on ViT-B/16')!.recomputed).toBeCloseTo(32.24)
		expect(found('clean accuracy on Flowers, tuned at 4/255')).toMatchObject({ stated: 87.5, recomputed: 87.5 })
		expect(found('times the robust accuracy')).toMatchObject({ stated: 3.5, recomputed: 3.5, agrees: true })
	})

	it('have cells that are better under AutoAttack than under PGD-100', () => {
		expect(inversions.length).toBeGreaterThan(0)
		for (const { stated, recomputed } of inversions) expect(stated).toBeGreaterThan(recomputed)
		expect(inversions.map(({ what }) => what)).toContain('fap on eurosat under AutoAttack, beside PGD-100')
	})

	it('are refused where a claim names a number that is not there', () => {
		const [claim] = targets.claims
		const broken = { ...targets, claims: [{ ...claim!, of: { ...claim!.of, condition: 'square' } }] }
		expect(() => paperChecks(broken)).toThrow('have no number for')
	})
})
