/**
 * The text form of surrogate files: `resnet50.onnx`; with a description of its input
 * `resnet50.onnx?normalisation=imagenet&size=224`; and for one data set only `caltech101=resnet50.onnx`.
 */

import { resolve } from 'node:path'
import { z } from 'zod'
import { type InputDeclaration, normalisations, pixelRanges } from '../classifier/onnx-file/onnx-input.js'
import type { OutputDeclaration } from '../classifier/onnx-file/onnx-output.js'
import { defined } from '../core/defined.js'
import { NaptuneError } from '../core/errors.js'
import { didYouMean } from '../core/nearest.js'

/** A user's surrogate, with its declared input. */
export interface WrittenSurrogate {
	/** The only data set that it is for; missing for all. */
	readonly dataset?: string
	readonly path: string
	readonly declared: { readonly input?: InputDeclaration } & OutputDeclaration
}

const keysOf = <Table extends object>(table: Table) =>
	Object.keys(table) as [keyof Table & string, ...(keyof Table & string)[]]
const numbers = z
	.string()
	.transform((text) => text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part))))
	.refine((all) => all.every(Number.isFinite), 'numbers separated by commas, such as 0.485,0.456,0.406')

const declaration = z
	.strictObject({
		layout: z.enum(['nchw', 'nhwc']),
		range: z.enum(keysOf(pixelRanges)),
		normalisation: z.enum(keysOf(normalisations)),
		mean: numbers,
		std: numbers,
		'channel-order': z.enum(['rgb', 'bgr']),
		size: z.string().regex(/^[1-9]\d*(x[1-9]\d*)?$/, 'pixels, or HEIGHTxWIDTH'),
		'input-name': z.string(),
		'output-name': z.string(),
		'output-kind': z.enum(['logits', 'probabilities']),
	})
	.partial()

/** Names of declarable fields. */
const declarable: readonly string[] = Object.keys(declaration.shape)

/**
 * Parses the text of a surrogate.
 * @throws NaptuneError for an unknown or invalid declaration.
 */
export function writtenSurrogate(text: string): WrittenSurrogate {
	const { dataset, file, query } = partsOf(text)
	if (file === '') throw new NaptuneError('NAP_OPTION_INVALID', `${text} names no surrogate file.`)
	const entries = [...new URLSearchParams(query)]
	const unknown = entries.find(([key]) => !declarable.includes(key))
	if (unknown) {
		throw new NaptuneError(
			'NAP_OPTION_UNKNOWN',
			`The surrogate ${text} declares the unknown ${unknown[0]}; it may declare ${declarable.join(', ')}.${didYouMean(unknown[0], declarable)}`,
		)
	}
	const parsed = declaration.safeParse(Object.fromEntries(entries))
	if (!parsed.success) {
		const [issue] = parsed.error.issues
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`The surrogate ${text} is invalid: ${issue?.path.join('.')}: ${issue?.message}.`,
		)
	}
	return { ...defined({ dataset }), path: file, declared: declaredOf(text, parsed.data) }
}

/** The same text with the full path of its file, so that it means the same elsewhere. */
export function resolvedSurrogate(text: string): string {
	const { dataset, file, query } = partsOf(text)
	writtenSurrogate(text)
	return `${dataset === undefined ? '' : `${dataset}=`}${resolve(file)}${query === '' ? '' : `?${query}`}`
}

/** Those for a data set: its own if it has any, otherwise those for all. */
export function surrogatesOf(texts: readonly string[], dataset: string): readonly string[] {
	const own = texts.filter((text) => writtenSurrogate(text).dataset === dataset)
	return own.length > 0 ? own : texts.filter((text) => writtenSurrogate(text).dataset === undefined)
}

/** The name of a data set contains no path separator; a drive has one letter. */
function partsOf(text: string): {
	readonly dataset: string | undefined
	readonly file: string
	readonly query: string
} {
	const [whole = '', query = ''] = splitAt(text, text.indexOf('?'))
	const [first = '', rest = ''] = splitAt(whole, whole.indexOf('='))
	const named = whole.includes('=') && /^[\w.-]+$/.test(first)
	return { dataset: named ? first : undefined, file: named ? rest : whole, query }
}

function splitAt(text: string, position: number): [string, string] {
	return position < 0 ? [text, ''] : [text.slice(0, position), text.slice(position + 1)]
}

function declaredOf(
	text: string,
	{ layout, range, normalisation, mean, std, size, ...names }: z.output<typeof declaration>,
): WrittenSurrogate['declared'] {
	if ((mean === undefined) !== (std === undefined)) {
		throw new NaptuneError('NAP_OPTION_CONFLICT', `The surrogate ${text} declares only one of mean and std; give both.`)
	}
	const [height = 0, width = height] = (size ?? '').split('x').map(Number)
	const input: InputDeclaration = defined({
		layout,
		range,
		normalisation: mean && std ? { mean, std } : normalisation,
		channelOrder: names['channel-order'],
		size: size === undefined ? undefined : ([height, width] as const),
		name: names['input-name'],
	})
	return {
		...(Object.keys(input).length > 0 ? { input } : {}),
		...defined({ output: names['output-name'], outputKind: names['output-kind'] }),
	}
}
