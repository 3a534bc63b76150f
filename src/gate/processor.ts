/** The type of the processor, on which the last bits of an outcome may depend. */

import { cpus } from 'node:os'
import { plainText } from '../core/plain-text.js'

/** Such as `x64 Intel(R) Xeon(R) Platinum 8481C`; the same on all machines of one type. */
export function processorType(): string {
	const model = plainText(cpus()[0]?.model ?? '', 'removed')
		.replace(/\s+/g, ' ')
		.trim()
	return `${process.arch} ${model || 'unknown'}`
}
