/** Cats and dogs of 37 breeds. */

import { type Benchmark, splitFileAt } from './benchmark.js'

export const oxfordPets: Benchmark = {
	name: 'oxford-pets',
	title: 'OxfordPets',
	template: 'a photo of a {}, a type of pet.',
	folder: 'oxford_pets',
	images: ['images'],
	layout: {
		kind: 'split-file',
		file: {
			name: 'split_zhou_OxfordPets.json',
			gitBlob: 'fa821d9f9e7d32fdf3640bf74fa7491ed04f37da',
			sha256: 'd7f3ffe65b3919f95132e51422894ae18686b83c331fd8c0adcdc3dc2de6301e',
		},
	},
	classes: 37,
	sizes: { train: 2944, validation: 736, test: 3669 },
	obtain: [
		'Images: https://www.robots.ox.ac.uk/~vgg/data/pets/data/images.tar.gz, unpacked into oxford_pets.',
		splitFileAt('split_zhou_OxfordPets.json'),
	],
}
