/** How commands read images: threads that decode, and what is done about images that cannot be read. */

import { defaultLoaderThreads } from '../../data/loading/image-loader.js'
import { Option } from './option.js'
import { wholeNumber } from './shared-options.js'

/** `--loader-threads`. */
export function loaderThreadsOption(): Option {
	const threads = defaultLoaderThreads()
	return new Option(
		'--loader-threads <count>',
		'threads that decode and augment image files; 0 for none of their own; changes the speed only',
	)
		.argParser(wholeNumber(0))
		.default(threads, `half of the cores: ${threads}`)
}

/** `--unreadable`. */
export function unreadableOption(): Option {
	return new Option(
		'--unreadable <what>',
		'what an image that cannot be read does: stop, or be left out, which is reported and recorded',
	)
		.choices(['stop', 'exclude'])
		.default('stop')
}
