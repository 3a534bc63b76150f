import { listTarget } from '../lists.mjs'

const rows = (separator) =>
	[
		'image,label,split',
		...Array.from({ length: 6 }, (_, at) => `images/${at % 2}.png,"class, ${at % 2}",${at < 4 ? 'train' : 'test'}`),
	]
		.join('\n')
		.replaceAll(',', separator)

export default listTarget('list.csv', [rows(','), `\ufeff${rows(',')}\r\n`, rows(';'), rows('\t')])
