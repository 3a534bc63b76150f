/** Element types of safetensors files. */

/** Bytes per element, in the order in which the reference implementation ranks the types. */
const sizes = {
	BOOL: 1,
	U8: 1,
	I8: 1,
	F8_E5M2: 1,
	F8_E4M3: 1,
	F8_E8M0: 1,
	I16: 2,
	U16: 2,
	F16: 2,
	BF16: 2,
	I32: 4,
	U32: 4,
	F32: 4,
	C64: 8,
	F64: 8,
	I64: 8,
	U64: 8,
} as const

/** Name of an element type as the format writes it. Types smaller than a byte are not supported. */
export type Dtype = keyof typeof sizes

/** Bytes per element. */
export function dtypeSize(dtype: Dtype): number {
	return sizes[dtype]
}

/** Whether a text names an element type we know. */
export function isDtype(text: unknown): text is Dtype {
	return typeof text === 'string' && Object.hasOwn(sizes, text)
}

/** Names of all element types, narrow ones first, as the reference implementation ranks them. */
export const dtypes: readonly string[] = Object.keys(sizes)
