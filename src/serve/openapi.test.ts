import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it } from 'vitest'
import { openApiDocument } from './openapi.js'

const limits = { bodyBytes: 1000, images: 3, pixels: 500, classes: 7 }

describe('the OpenAPI document', () => {
	it('is one by the rules of OpenAPI 3.1', async () => {
		const document = openApiDocument({ limits, version: '1.2.3', token: true })
		const validator = new Validator()
		const { valid, errors } = await validator.validate(JSON.parse(JSON.stringify(document)))
		expect(errors).toBeUndefined()
		expect(valid).toBe(true)
		expect(validator.version).toBe('3.1')
	})

	it('speaks of a token where there is one', () => {
		for (const token of [true, false]) {
			const text = JSON.stringify(openApiDocument({ limits, version: '1.2.3', token }))
			expect(text.includes('"bearer"')).toBe(token)
			expect(text.includes('"401"')).toBe(token)
		}
	})

	it('names the limits of the server, and every status that it answers with', () => {
		const document = openApiDocument({ limits, version: '1.2.3', token: false }) as {
			paths: Record<
				string,
				{ post: { responses: object; parameters: { name: string; schema: { maxItems?: number } }[] } }
			>
			components: { schemas: Record<string, { properties: Record<string, { maxItems?: number }> }> }
		}
		const { images, classes } = document.components.schemas.ClassifyRequest?.properties ?? {}
		expect([images?.maxItems, classes?.maxItems]).toEqual([3, 7])
		const { responses, parameters } = document.paths['/v1/classify']!.post
		expect(Object.keys(responses)).toEqual(['200', '400', '408', '413', '415', '422', '429', '503'])
		expect(parameters.map(({ name, schema }) => [name, schema.maxItems])).toEqual([
			['top', undefined],
			['classes', 7],
			['correction', undefined],
		])
	})
})
