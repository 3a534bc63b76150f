import { describe, expect, it } from 'vitest'
import { NaptuneError } from '../../../core/errors.js'
import { inlineSvg } from './inline-svg.js'

const svgOf = (content: string) =>
	`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" class="marks" width="120" height="80" viewBox="0 0 120 80">${content}</svg>\n`

describe('inlineSvg', () => {
	it('makes ids its own and keeps the drawing', () => {
		const drawn =
			'<defs><clipPath id="clip0"><rect/></clipPath></defs><g clip-path="url(#clip0)"><text>a &lt; b</text></g>'
		expect(String(inlineSvg(svgOf(drawn), 'one', 'title'))).toBe(
			'<svg class="small" xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title" width="120" height="80" viewBox="0 0 120 80"><defs><clipPath id="one-clip0"><rect/></clipPath></defs><g clip-path="url(#one-clip0)"><text>a &lt; b</text></g></svg>',
		)
	})

	it('leaves out roles and labels of parts, whatever they say', () => {
		const part = '<path role="graphics-symbol" class="x" aria-label="a > b &lt; &quot; id= onload=" d="M0,0"></path>'
		expect(String(inlineSvg(svgOf(part), 'one', 'title'))).toContain('<path d="M0,0"></path></svg>')
	})

	it.each([
		'<script>alert(1)</script>',
		'<foreignObject></foreignObject>',
		'<rect onclick="x()"/>',
		'<image href="https://example.org/a.png"/>',
		'<a href="https://example.org"><text>x</text></a>',
	])('refuses %s', (content) => {
		expect(() => inlineSvg(svgOf(content), 'one', 'title')).toThrow(NaptuneError)
	})

	it('refuses what is no SVG', () => {
		expect(() => inlineSvg('<p>no</p>', 'one', 'title')).toThrow(/not an SVG document/)
	})
})
