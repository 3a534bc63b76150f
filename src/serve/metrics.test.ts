import { describe, expect, it } from 'vitest'
import { createMetrics } from './metrics.js'

const gauges = { images: () => 2, requests: () => 1, ready: () => 1 }

describe('createMetrics', () => {
	it('counts where prom-client is installed', async () => {
		const metrics = await createMetrics(gauges)
		metrics.batch({ images: 3, seconds: 0.01 })
		expect(metrics.exposition?.contentType).toMatch(/^text\/plain/)
		const text = await metrics.exposition?.text()
		expect(text).toMatch(/^naptune_images_total 3$/m)
		expect(text).toMatch(/^naptune_images_under_way 2$/m)
	})

	it('counts nothing where it is not', async () => {
		const absent = 'prom-client-which-nobody-published'
		const metrics = await createMetrics(gauges, () => import(absent))
		metrics.request({ route: '/', status: 200, seconds: 1 })
		metrics.batch({ images: 3, seconds: 0.01 })
		metrics.flagged(1)
		expect(metrics.exposition).toBeUndefined()
	})

	it('passes on any other failure', async () => {
		const broken = () => Promise.reject(new Error('a broken package'))
		await expect(createMetrics(gauges, broken)).rejects.toThrow('a broken package')
	})
})
