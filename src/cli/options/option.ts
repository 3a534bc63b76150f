/** Options that suggest the choice someone probably meant. */

import { Option as CommanderOption, InvalidArgumentError } from 'commander'
import { didYouMean } from '../../core/nearest.js'

/** An option of a command. */
export class Option extends CommanderOption {
	override choices(values: readonly string[]): this {
		return super.choices(values).argParser((text: string) => {
			if (values.includes(text)) return text
			throw new InvalidArgumentError(`Allowed choices are ${values.join(', ')}.${didYouMean(text, values)}`)
		})
	}
}
