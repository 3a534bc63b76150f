/** Airplanes by their variant, with the official split. */

import type { Benchmark } from './benchmark.js'

export const fgvcAircraft: Benchmark = {
	name: 'fgvc-aircraft',
	title: 'FGVCAircraft',
	template: 'a photo of a {}, a type of aircraft.',
	folder: 'fgvc_aircraft',
	images: ['images'],
	layout: { kind: 'variant-lists' },
	classes: 100,
	sizes: { train: 3334, validation: 3333, test: 3333 },
	obtain: [
		'Images and lists: https://www.robots.ox.ac.uk/~vgg/data/fgvc-aircraft/archives/fgvc-aircraft-2013b.tar.gz; its folder data is fgvc_aircraft.',
	],
}
