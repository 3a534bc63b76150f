/** Scenes; test images are those of the first official partition. */

import { type Benchmark, splitFileAt } from './benchmark.js'

export const sun397: Benchmark = {
	name: 'sun397',
	title: 'SUN397',
	folder: 'sun397',
	images: ['SUN397'],
	layout: {
		kind: 'split-file',
		file: {
			name: 'split_zhou_SUN397.json',
			gitBlob: '8d5725db8f70bcf02245665304f863e68f96a24c',
		},
	},
	classes: 397,
	sizes: { train: 15_880, validation: 3970, test: 19_850 },
	obtain: [
		'Images: http://vision.princeton.edu/projects/2010/SUN/SUN397.tar.gz, unpacked into sun397.',
		splitFileAt('split_zhou_SUN397.json'),
	],
}
