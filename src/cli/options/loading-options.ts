/** Options for reading images: decoding threads, and the handling of unreadable images. */

import { defaultLoaderThreads } from '../../data/loading/image-loader.js'
import { Option } from './option.js'
import { wholeNumber } from './shared-options.js'

/** `--loader-threads`. */
export function loaderThreadsOption(): Option {
	const threads = defaultLoaderThreads()
	return new Option(
		'--loader-threads <count>',
		'threads that decode and augment image files; 0 decodes on the main thread; affects speed only',
	)
		.argParser(wholeNumber(0))
		.default(threads, `half of the cores: ${threads}`)
}

/** `--unreadable`. */
export function unreadableOption(): Option {
	return new Option(
		'--unreadable <what>',
		'what to do with an unreadable image: stop, or exclude it, which is reported and recorded',
	)
		.choices(['stop', 'exclude'])
		.default('stop')
}
