/** The middle frame of each video. */

import { type Benchmark, splitFileAt } from './benchmark.js'

export const ucf101: Benchmark = {
	name: 'ucf101',
	title: 'UCF101',
	template: 'a photo of a person doing {}.',
	folder: 'ucf101',
	images: ['UCF-101-midframes'],
	layout: {
		kind: 'split-file',
		file: {
			name: 'split_zhou_UCF101.json',
			gitBlob: 'ea87e3de7b4f6f00fdd77618e34a23508b4c5590',
			sha256: 'd78cb834f7c5792ceaff2c5ee2d7c76a9e4086e48a3a6b01232989d29cbefdd8',
		},
	},
	classes: 101,
	sizes: { train: 7639, validation: 1898, test: 3783 },
	obtain: [
		'Images: UCF-101-midframes.zip, which DATASETS.md of https://github.com/KaiyangZhou/CoOp links to, unpacked into ucf101.',
		splitFileAt('split_zhou_UCF101.json'),
	],
}
