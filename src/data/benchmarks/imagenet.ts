/** ImageNet (ILSVRC 2012): its validation images are the test split, all of them or one of each class. */

import type { Benchmark } from './benchmark.js'

export const imagenet: Benchmark = {
	name: 'imagenet',
	title: 'ImageNet',
	folder: 'imagenet',
	images: ['images/train', 'images/val'],
	layout: { kind: 'imagenet', test: 'all' },
	classes: 1000,
	sizes: { train: 1_281_167, validation: 0, test: 50_000 },
	obtain: [
		'Images: ILSVRC2012_img_train.tar and ILSVRC2012_img_val.tar from https://image-net.org (account required), unpacked into imagenet/images/train and imagenet/images/val, each with one folder per WordNet id, such as n01440764.',
		'classnames.txt (optional): lines of WordNet id and name, into imagenet; without it, the names in this package are used.',
	],
}

/** The same with one test image per class, chosen in data/imagenet/README.md. */
export const imagenet1000: Benchmark = {
	...imagenet,
	name: 'imagenet-1000',
	title: 'ImageNet (1000)',
	layout: { kind: 'imagenet', test: 'one-per-class' },
	sizes: { ...imagenet.sizes, test: 1000 },
}
