/** Cars by make, model and year; the split file puts the year first. */

import { type Benchmark, splitFileAt } from './benchmark.js'

export const stanfordCars: Benchmark = {
	name: 'stanford-cars',
	title: 'StanfordCars',
	folder: 'stanford_cars',
	images: ['cars_train', 'cars_test'],
	layout: {
		kind: 'split-file',
		file: {
			name: 'split_zhou_StanfordCars.json',
			gitBlob: 'dcdb8264712e9940e74cfb0f06ddb8f9cc239b81',
			sha256: '40acee7aa65c8e4727a32d90e884b7c3f8960b523422317e163f7af65432959d',
		},
	},
	classes: 196,
	sizes: { train: 6509, validation: 1635, test: 8041 },
	obtain: [
		'Images: cars_train.tgz and cars_test.tgz of Stanford Cars (http://ai.stanford.edu/~jkrause/car196/), unpacked into stanford_cars.',
		splitFileAt('split_zhou_StanfordCars.json'),
	],
}
