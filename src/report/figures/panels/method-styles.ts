/** Styles of methods, the same in every figure and distinct in more than colour. */

import { at } from '../../../core/at.js'
import type { Method } from '../../../experiments/experiment-result.js'
import { type LineStyle, palette } from '../../figure-style.js'

/** A name in the legend with its style. */
export interface NamedStyle {
	readonly name: string
	readonly style: LineStyle
}

const dashes = {
	solid: [1, 0],
	long: [7, 3],
	short: [3, 2],
	dotted: [1.5, 2],
	mixed: [8, 3, 2, 3],
	wide: [4, 4],
} as const

/** A five-pointed star in the square from -1 to 1. */
const star = 'M0,-1L0.24,-0.32L0.95,-0.31L0.38,0.12L0.59,0.81L0,0.4L-0.59,0.81L-0.38,0.12L-0.95,-0.31L-0.24,-0.32Z'

const fixed: Readonly<Record<string, LineStyle>> = {
	vanilla: { color: palette.black, dash: dashes.long, shape: 'circle' },
	nap: { color: palette.blue, dash: dashes.solid, shape: 'square' },
	fap: { color: palette.vermillion, dash: dashes.short, shape: 'triangle-up' },
	coop: { color: '#8C6D1F', dash: dashes.dotted, shape: 'triangle-down' },
	advpt: { color: palette.skyBlue, dash: dashes.mixed, shape: 'diamond' },
	'advpt-v': { color: palette.green, dash: dashes.wide, shape: 'cross' },
	'advpt-vli': { color: palette.purple, dash: dashes.long, shape: 'triangle-right' },
	'advpt-vlj': { color: palette.orange, dash: dashes.short, shape: 'triangle-left' },
	'advpt-e2e': { color: '#6F6F6F', dash: dashes.mixed, shape: star },
}

/** Styles of methods without their own, assigned in the order of the experiment. */
const others: readonly LineStyle[] = [
	{ color: palette.vermillion, dash: dashes.mixed, shape: 'circle' },
	{ color: '#882255', dash: dashes.short, shape: 'square' },
	{ color: '#117733', dash: dashes.long, shape: 'diamond' },
	{ color: '#332288', dash: dashes.dotted, shape: 'cross' },
	{ color: palette.purple, dash: dashes.solid, shape: 'triangle-down' },
	{ color: palette.orange, dash: dashes.wide, shape: 'circle' },
	{ color: palette.skyBlue, dash: dashes.long, shape: 'triangle-up' },
	{ color: palette.green, dash: dashes.dotted, shape: 'square' },
]

/** The style of every method by its name. */
export function methodStyles(methods: readonly Method[]): ReadonlyMap<string, LineStyle> {
	const unknown = methods.filter(({ name }) => !Object.hasOwn(fixed, name))
	return new Map(
		methods.map((method) => [method.name, fixed[method.name] ?? at(others, unknown.indexOf(method) % others.length)]),
	)
}

const conditionDashes = [dashes.solid, dashes.long, dashes.dotted, dashes.mixed, dashes.short, dashes.wide]
const conditionShapes = ['circle', 'square', 'triangle-up', 'diamond', 'cross', 'triangle-down']
/** The second is the method's own colour; lighter above 0, darker below. */
const conditionShades = [0.45, 0, -0.5, 0.25, -0.25, 0.6]

/** The style of a method under one of several conditions: its colour lighter or darker, dash and shape of the condition. */
export function conditionStyle({ color }: LineStyle, condition: number): LineStyle {
	const index = condition % conditionDashes.length
	return {
		color: shaded(color, at(conditionShades, index)),
		dash: at(conditionDashes, index),
		shape: at(conditionShapes, index),
	}
}

/** Mixes a colour with white (above 0) or black. @param color #RRGGBB. @param amount In [-1, 1]. */
export function shaded(color: string, amount: number): string {
	const aim = amount > 0 ? 255 : 0
	const channels = [1, 3, 5].map((index) => Number.parseInt(color.slice(index, index + 2), 16))
	const mixed = channels.map((channel) => Math.round(channel + (aim - channel) * Math.abs(amount)))
	return `#${mixed.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`
}

/** Scales of colour, dash and shape. */
export function styleScales(lines: readonly NamedStyle[]) {
	const domain = lines.map(({ name }) => name)
	return {
		color: { domain, range: lines.map(({ style }) => style.color) },
		strokeDash: { domain, range: lines.map(({ style }) => [...style.dash]) },
		shape: { domain, range: lines.map(({ style }) => style.shape) },
	}
}
