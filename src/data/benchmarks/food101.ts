/** Dishes. The split is CoOp's own, not the official one. */

import { type Benchmark, splitFileAt } from './benchmark.js'

export const food101: Benchmark = {
	name: 'food101',
	title: 'Food101',
	template: 'a photo of {}, a type of food.',
	folder: 'food-101',
	images: ['images'],
	layout: {
		kind: 'split-file',
		file: {
			name: 'split_zhou_Food101.json',
			gitBlob: '39557040ee6501bd32aa8b5dfd75f7941a32f0a7',
		},
	},
	classes: 101,
	sizes: { train: 50_500, validation: 20_200, test: 30_300 },
	obtain: [
		'Images: food-101.tar.gz from https://data.vision.ee.ethz.ch/cvl/datasets_extra/food-101/, unpacked into the data root.',
		splitFileAt('split_zhou_Food101.json'),
	],
}
