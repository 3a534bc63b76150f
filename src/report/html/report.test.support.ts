/** Reports made for tests, with every kind of block and with names that would do harm in a page that trusts them. */

import sharp from 'sharp'
import type { ExperimentResult } from '../../experiments/experiment-result.js'
import { sampleMethods, sampleResult } from '../result.test.support.js'
import { experimentDocument } from './experiment-document.js'
import type { Block, GalleryImage, ReportDocument } from './report-document.js'

/** Runs, closes what it stands in, or loads something where it is not escaped; and control characters, which XML forbids. */
export const hostile = `"><script>document.title='run'</script><img src=x onerror="document.title='run'">'&amp;\x1b[31m\0\x9b\u202e`

/** A result of several data sets, seeds and conditions, of which a method, a data set and a problem have hostile names. */
export function hostileResult(): ExperimentResult {
	const methods = [...sampleMethods.slice(0, 3), { name: 'nap', title: hostile }]
	return sampleResult({
		methods,
		datasets: ['cifar10-mini', hostile],
		seeds: [1, 2],
		targets: true,
		missing: [{ dataset: `left ${hostile}`, reason: hostile }],
		problems: [{ model: 'nano', dataset: hostile, method: 'advpt', condition: 'pgd', message: hostile }],
		changes: { title: hostile, doc: hostile },
	})
}

/** A gallery of one image in which everything that can be read is hostile. */
export async function sampleGallery(): Promise<Block & { kind: 'gallery' }> {
	const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#3a7' } })
		.png()
		.toBuffer()
	const source = `data:image/png;base64,${png.toString('base64')}`
	const guesses = [
		{ className: hostile, probability: 0.75 },
		{ className: 'cat', probability: 0.25 },
	]
	const image: GalleryImage = {
		id: hostile,
		className: hostile,
		clean: source,
		models: ['vanilla', hostile].map((title, at) => ({
			title,
			before: guesses,
			attacked: { adversarial: source, difference: source, after: at === 0 ? [...guesses].reverse() : guesses },
		})),
	}
	return { kind: 'gallery', title: hostile, notes: [hostile], factor: 32, images: [image, { ...image, id: 'two' }] }
}

/** The document of {@link hostileResult} with a gallery; its records are nowhere. */
export async function sampleDocument(): Promise<ReportDocument> {
	const { document } = await experimentDocument(hostileResult(), '/nowhere')
	const gallery = { id: 'gallery', title: 'Gallery', blocks: [await sampleGallery()] }
	return { ...document, sections: [...document.sections, gallery] }
}
