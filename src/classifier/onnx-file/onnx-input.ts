/** How pixels in [0, 1] become the input of an ONNX model, as declared or, with a warning, as guessed. */

import { at } from '../../core/at.js'
import { NaptuneError } from '../../core/errors.js'
import { isRecord } from '../../core/guards.js'
import { float32 } from '../../core/tensor.js'
import { type DeclaredPort, type ModelDescription, ops, type Value } from '../../onnx/index.js'
import type { ModelInput } from '../../records/onnx-attack.js'

export type { ModelInput } from '../../records/onnx-attack.js'

/** Common means and deviations of data sets, for pixels in [0, 1], in the order red, green, blue. */
export const normalisations = {
	none: { mean: [0, 0, 0], std: [1, 1, 1] },
	imagenet: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
	clip: { mean: [0.48145466, 0.4578275, 0.40821073], std: [0.26862954, 0.26130258, 0.27577711] },
} as const

/** A normalisation by name, or by numbers in units of the range, in the order of the model's channels. */
export type Normalisation =
	| keyof typeof normalisations
	| { readonly mean: readonly number[]; readonly std: readonly number[] }

/** Ranges of pixels before normalisation. */
export const pixelRanges = { '0..1': [0, 1], '0..255': [0, 255], '-1..1': [-1, 1] } as const

/** How a model takes images; omitted fields are guessed. */
export interface InputDeclaration {
	/** The model's input for the images, if it has several. */
	readonly name?: string
	readonly layout?: 'nchw' | 'nhwc'
	/** Range of pixels before normalisation. Default: the range of the normalisation, [0, 1]. */
	readonly range?: keyof typeof pixelRanges
	/** (x - mean) / std, after the range. Default `none` if a range is declared. */
	readonly normalisation?: Normalisation
	readonly channelOrder?: 'rgb' | 'bgr'
	/** [height, width], if the model leaves it open. */
	readonly size?: readonly [number, number]
}

/**
 * Completes a declaration from the file and, failing that, by guesses.
 * @throws NaptuneError if the model does not take images, takes a fixed number of several, or leaves open a size that was
 * not declared.
 */
export function modelInput(model: ModelDescription, declared: InputDeclaration): ModelInput {
	const { port, shape } = imagePort(model, declared.name)
	const channelsAt = (axis: number) => shape[axis] === 3 || shape[axis] === 1
	const layout = declared.layout ?? (!channelsAt(1) && channelsAt(3) ? 'nhwc' : 'nchw')
	const axes = layout === 'nchw' ? { channel: 1, row: 2, column: 3 } : { channel: 3, row: 1, column: 2 }
	const channelSize = shape[axes.channel]
	const channels = typeof channelSize === 'number' ? channelSize : 3
	if (channels !== 3 && channels !== 1) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`The input ${port.name} [${shape.join(', ')}] has ${channels} channels in the layout ${layout}; images have 3 channels, or 1 if grey. Declare the layout: nchw or nhwc.`,
		)
	}
	const batch = shape[0]
	if (typeof batch === 'number' && batch > 1) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`The input ${port.name} [${shape.join(', ')}] takes exactly ${batch} images at once; export the model with one, or with an open batch axis.`,
		)
	}
	const side = (axis: number, which: 0 | 1): number => {
		const fixed = shape[axis]
		const wanted = declared.size?.[which]
		if (typeof fixed !== 'number') {
			if (wanted !== undefined) return wanted
			throw new NaptuneError(
				'NAP_OPTION_MISSING',
				`The input ${port.name} [${shape.join(', ')}] leaves the image size open; declare it (size: [height, width]; --size 224).`,
			)
		}
		if (wanted !== undefined && wanted !== fixed) {
			throw new NaptuneError(
				'NAP_OPTION_CONFLICT',
				`The input ${port.name} [${shape.join(', ')}] takes ${fixed}, not ${wanted} pixels.`,
			)
		}
		return fixed
	}
	const height = side(axes.row, 0)
	const width = side(axes.column, 1)
	const values = valuesOf(model, port, layout, declared, channels)
	const ambiguous = declared.layout === undefined && (channelsAt(1) ? channelsAt(3) : !channelsAt(3))
	return {
		name: port.name,
		layout,
		...values.chosen,
		channelOrder: declared.channelOrder ?? 'rgb',
		shape: [channels, height, width],
		oneImage: batch === 1,
		guessed: [
			...(ambiguous ? ['layout'] : []),
			...values.guessed,
			...(declared.channelOrder === undefined && channels === 3 ? ['channel order'] : []),
		],
	}
}

/** Finds the input that takes images: the only one of rank 4. */
function imagePort(
	{ inputs }: ModelDescription,
	name: string | undefined,
): { readonly port: DeclaredPort; readonly shape: NonNullable<DeclaredPort['shape']> } {
	const describe = ({ name, type, shape }: DeclaredPort) =>
		`${name} (${type ?? 'no tensor'} [${shape?.join(', ') ?? '?'}])`
	const all = inputs.map(describe).join(', ') || 'none'
	const found =
		name === undefined ? inputs.filter(({ shape }) => shape?.length === 4) : inputs.filter((port) => port.name === name)
	const [port] = found
	if (!port || found.length > 1) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			name === undefined
				? `The model has ${found.length} inputs of rank 4 that could take images; its inputs are ${all}. Declare its name.`
				: `The model has no input ${name}; its inputs are ${all}.`,
		)
	}
	const others = inputs.filter((other) => other !== port)
	if (others.length > 0) {
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`Besides images (${port.name}), the model needs ${others.map(describe).join(', ')}; naptune needs a classifier that takes only images. Export it with these inputs as constants.`,
		)
	}
	const { shape } = port
	if (shape?.length !== 4 || port.type !== 'float') {
		const half = port.type?.includes('float16') ? ' Export the model in float32: half precision is not supported.' : ''
		throw new NaptuneError(
			'NAP_INPUT_UNSUITABLE',
			`Images are float tensors of rank 4; the model's input is ${describe(port)}.${half}`,
		)
	}
	return { port, shape }
}

type Values = Pick<ModelInput, 'range' | 'mean' | 'std'>

/** Range and normalisation. A model that starts with arithmetic on the pixels normalises them itself. */
function valuesOf(
	{ outputs }: ModelDescription,
	{ readBy }: DeclaredPort,
	layout: 'nchw' | 'nhwc',
	{ range, normalisation, channelOrder }: InputDeclaration,
	channels: number,
): { readonly chosen: Values; readonly guessed: readonly string[] } {
	const numbers = (given: Normalisation): Pick<Values, 'mean' | 'std'> => {
		const named = typeof given === 'string'
		if (named && given !== 'none' && range !== undefined && range !== '0..1') {
			throw new NaptuneError(
				'NAP_OPTION_CONFLICT',
				`The normalisation ${given} is for pixels in [0, 1]; remove the range ${range}, or give mean and std in its units.`,
			)
		}
		const { mean, std } = named ? normalisations[given] : given
		const turned = named && channelOrder === 'bgr'
		const spreadOver = (list: readonly number[], what: string): number[] => {
			const spread = list.length === 1 ? Array.from({ length: channels }, () => at(list, 0)) : [...list]
			if (spread.length === 3 && channels === 1 && named) return [(at(spread, 0) + at(spread, 1) + at(spread, 2)) / 3]
			if (
				spread.length !== channels ||
				spread.some((value) => !Number.isFinite(value) || (what === 'std' && value <= 0))
			) {
				throw new NaptuneError(
					'NAP_OPTION_INVALID',
					`The ${what} of a normalisation must be one number, or ${channels}; got [${list.join(', ')}].`,
				)
			}
			return turned ? spread.reverse() : spread
		}
		return { mean: spreadOver(mean, 'mean'), std: spreadOver(std, 'std') }
	}
	if (range !== undefined || normalisation !== undefined) {
		return { chosen: { range: range ?? '0..1', ...numbers(normalisation ?? 'none') }, guessed: [] }
	}
	const ownWork = readBy.some((operator) => ['Sub', 'Mul', 'Div', 'Add', 'BatchNormalization'].includes(operator))
	const embeds = outputs.some(({ name }) => name === 'image_embeds')
	const chosen: Values = ownWork
		? { range: layout === 'nhwc' ? '0..255' : '0..1', ...numbers('none') }
		: layout === 'nhwc'
			? { range: '-1..1', ...numbers('none') }
			: { range: '0..1', ...numbers(embeds ? 'clip' : channels === 1 ? 'none' : 'imagenet') }
	return { chosen, guessed: ['range', 'normalisation'] }
}

/** Images [B, C, H, W] in [0, 1] in the form that the model reads: differentiable, one multiplication and addition per value. */
export function asModelInput(pixels: Value, { layout, range, mean, std, channelOrder, shape }: ModelInput): Value {
	const [least, most] = pixelRanges[range]
	const perChannel = (values: readonly number[]) => ops.literal(float32([1, shape[0], 1, 1], values))
	const ordered =
		channelOrder === 'bgr' && shape[0] === 3
			? ops.concat(
					[2, 1, 0].map((channel) => ops.slice(pixels, 1, channel, channel + 1)),
					1,
				)
			: pixels
	const factors = std.map((deviation) => (most - least) / deviation)
	const offsets = mean.map((value, channel) => (least - value) / at(std, channel))
	const scaled = factors.every((factor) => factor === 1) ? ordered : ops.mul(ordered, perChannel(factors))
	const shifted = offsets.every((offset) => offset === 0) ? scaled : ops.add(scaled, perChannel(offsets))
	return layout === 'nchw' ? shifted : ops.transpose(shifted, [0, 2, 3, 1])
}

/** A sentence on the guesses and how to declare them; `undefined` if there were none. */
export function guessNotice(input: ModelInput): string | undefined {
	if (input.guessed.length === 0) return undefined
	const list = (values: readonly number[]) => values.map((value) => Number(value.toPrecision(6))).join(',')
	const how = [
		`--layout ${input.layout}`,
		`--range=${input.range}`,
		`--mean ${list(input.mean)}`,
		`--std ${list(input.std)}`,
		`--channel-order ${input.channelOrder}`,
	]
	return `Guessed about the model's input: ${input.guessed.join(', ')}. These options state the guesses; pass them to confirm, or correct them: ${how.join(' ')}`
}

/**
 * Reads the input declaration from a file's metadata, as `naptune surrogate` and `naptune export` write it: `input_layout`,
 * `input_range` and `normalization`, which is `{"inside": true}` or a mean and deviation per channel of pixels in that
 * range. Metadata in any other form is ignored.
 */
export function metadataInput({
	input_layout,
	input_range,
	normalization,
}: Readonly<Record<string, string>>): InputDeclaration {
	const normalisation = metadataNormalisation(normalization)
	if (input_range?.replaceAll(' ', '') !== '[0,1]' || normalisation === undefined) return {}
	const own = input_layout?.toLowerCase()
	if (own !== 'nchw' && own !== 'nhwc') return {}
	return { layout: own, range: '0..1', normalisation, channelOrder: 'rgb' }
}

function metadataNormalisation(text: string | undefined): Normalisation | undefined {
	try {
		const parsed: unknown = JSON.parse(text ?? '')
		if (!isRecord(parsed)) return undefined
		const { inside, mean, std } = parsed
		if (inside === true) return 'none'
		return areNumbers(mean) && areNumbers(std) ? { mean, std } : undefined
	} catch {
		return undefined
	}
}

function areNumbers(value: unknown): value is readonly number[] {
	return Array.isArray(value) && value.length > 0 && value.every((number) => Number.isFinite(number))
}
