/** Caltech101 without its background and its easy faces. */

import { type Benchmark, splitFileAt } from './benchmark.js'

export const caltech101: Benchmark = {
	name: 'caltech101',
	title: 'Caltech101',
	folder: 'caltech-101',
	images: ['101_ObjectCategories'],
	layout: {
		kind: 'split-file',
		file: {
			name: 'split_zhou_Caltech101.json',
			gitBlob: '8be694a80de04a39fb159c462bea9696aa47ccf1',
			sha256: '52ce83205ff8ff8a1a18119aad6376120ae35c36e783a984bc560cbf10e73fa5',
		},
	},
	classes: 100,
	sizes: { train: 4128, validation: 1649, test: 2465 },
	obtain: [
		'Images: caltech-101.zip from https://data.caltech.edu/records/20086; unpack the 101_ObjectCategories.tar.gz in it into caltech-101.',
		splitFileAt('split_zhou_Caltech101.json'),
	],
}
