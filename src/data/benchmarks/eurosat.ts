/** Satellite pictures of 64 x 64 pixels, with CoOp's names of the ten classes. */

import { type Benchmark, splitFileAt } from './benchmark.js'

export const eurosat: Benchmark = {
	name: 'eurosat',
	title: 'EuroSAT',
	template: 'a centered satellite photo of {}.',
	folder: 'eurosat',
	images: ['2750'],
	layout: {
		kind: 'split-file',
		file: {
			name: 'split_zhou_EuroSAT.json',
			gitBlob: '6bdc847a5d5c49dcc78e8cb8707b87198cbfa5a4',
			sha256: '541503a77d0b26b735d85ec7a3e672804fe0aa466c2e5f07da772cc6c0af8ad2',
		},
	},
	classes: 10,
	sizes: { train: 13_500, validation: 5400, test: 8100 },
	obtain: [
		'Images: http://madm.dfki.de/files/sentinel/EuroSAT.zip, unpacked into eurosat.',
		splitFileAt('split_zhou_EuroSAT.json'),
	],
}
