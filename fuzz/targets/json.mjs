import { listTarget } from '../lists.mjs'

const entries = Array.from({ length: 6 }, (_, at) => ({
	image: `images/${at % 2}.png`,
	label: `class ${at % 2}`,
	split: at < 4 ? 'train' : 'test',
}))
const coop = {
	train: [
		['images/0.png', 0, 'a'],
		['images/1.png', 1, 'b'],
	],
	val: [],
	test: [
		['images/0.png', 0, 'a'],
		['images/1.png', 1, 'b'],
	],
}

export default listTarget('list.json', [JSON.stringify(entries), JSON.stringify(coop)])
