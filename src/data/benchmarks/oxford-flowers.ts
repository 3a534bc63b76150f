/** Flowers102. The split is CoOp's own (50, 20 and 30 % of each class), not the official one. */

import { type Benchmark, splitFileAt } from './benchmark.js'

export const oxfordFlowers: Benchmark = {
	name: 'oxford-flowers',
	title: 'Flowers102',
	template: 'a photo of a {}, a type of flower.',
	folder: 'oxford_flowers',
	images: ['jpg'],
	layout: {
		kind: 'split-file',
		file: {
			name: 'split_zhou_OxfordFlowers.json',
			gitBlob: '8d10037b0690b6c65e307a354b039efb0f42404c',
			sha256: '2f50c42fc1a17ca13c271cb4269b1347bdb43d2be672e34f74a4e4cbfbcca794',
		},
	},
	classes: 102,
	sizes: { train: 4093, validation: 1633, test: 2463 },
	obtain: [
		'Images: https://www.robots.ox.ac.uk/~vgg/data/flowers/102/102flowers.tgz, unpacked into oxford_flowers.',
		splitFileAt('split_zhou_OxfordFlowers.json'),
	],
}
