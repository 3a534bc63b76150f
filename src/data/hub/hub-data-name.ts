/** Names of data sets on the Hugging Face hub, as `--data` accepts them. */

import { defined } from '../../core/defined.js'
import { NaptuneError } from '../../core/errors.js'
import { isHubId } from '../../hub/hub-id.js'
import { splitOptions } from '../source-options.js'

/** Options after a name: columns, and the names of splits. */
export const hubDataOptions = ['image', 'label', 'train', 'validation', 'test'] as const

/** Values of {@link hubDataOptions}. */
export type HubDataOptions = Readonly<Partial<Record<(typeof hubDataOptions)[number], string>>>

/** A data set on the hub. */
export interface HubDataName {
	/** `owner/name`, or a bare name. */
	readonly id: string
	/** Branch, tag or commit hash. */
	readonly revision: string
	/** Configuration of the data set. */
	readonly config?: string
	readonly options: HubDataOptions
}

/** Whether a text names a data set on the hub. */
export function isHubDataName(text: string): boolean {
	return text.startsWith('hf:')
}

/**
 * Parses `hf:owner/name[@revision][:config][?option=value&…]`.
 * @throws NaptuneError if the text has another form.
 */
export function parseHubDataName(text: string): HubDataName {
	const { name, options } = splitOptions(text, hubDataOptions)
	const [, id = '', revision = 'main', config] = /^hf:([^@:]*)(?:@([^:]*))?(?::(.+))?$/s.exec(name) ?? []
	if (!isHubId(id)) {
		throw new NaptuneError(
			'NAP_OPTION_INVALID',
			`${JSON.stringify(text)} is not a data set of the hub; the form is hf:owner/name[@revision][:config][?image=COLUMN&label=COLUMN].`,
		)
	}
	return { id, revision, ...defined({ config }), options }
}
