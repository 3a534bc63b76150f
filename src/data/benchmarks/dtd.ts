/** Describable textures. The split is CoOp's own, not one of the ten official ones. */

import { type Benchmark, splitFileAt } from './benchmark.js'

export const dtd: Benchmark = {
	name: 'dtd',
	title: 'DTD',
	template: '{} texture.',
	folder: 'dtd',
	images: ['images'],
	layout: {
		kind: 'split-file',
		file: {
			name: 'split_zhou_DescribableTextures.json',
			gitBlob: '8dd197a94b598fa44ee3c9e35c486dd017ab00a7',
			sha256: 'f26ebeccd2b58e68d70f07a0dc39fe49bf7b69024bac34396b954dfd87969c38',
		},
	},
	classes: 47,
	sizes: { train: 2820, validation: 1128, test: 1692 },
	obtain: [
		'Images: https://www.robots.ox.ac.uk/~vgg/data/dtd/download/dtd-r1.0.1.tar.gz, unpacked into the data root.',
		splitFileAt('split_zhou_DescribableTextures.json'),
	],
}
