import { describe, expect, it } from 'vitest'
import { createProgress, type ProgressStream } from './progress.js'

function recorded(isTTY: boolean, columns = 80) {
	const written: string[] = []
	const stream: ProgressStream & { cursorTo?: unknown } = {
		isTTY,
		columns,
		write: (text) => {
			written.push(text)
			return true
		},
	}
	return { stream, written, text: () => written.join('') }
}

describe('without a terminal', () => {
	it('prints a line every five seconds, with rate and remaining time', () => {
		let seconds = 0
		const { stream, written } = recorded(false)
		const task = createProgress(stream, () => seconds).start('tuning', 100, 'images')
		for (let done = 1; done <= 12; done++) {
			seconds = done
			task.update(done, `epoch ${done}`)
		}
		task.end()
		expect(written).toEqual([
			'tuning: 5/100 images, 1.00/s, 1 min 35 s left, epoch 5\n',
			'tuning: 10/100 images, 1.00/s, 1 min 30 s left, epoch 10\n',
			'tuning: 12/100 images, 1.00/s, 1 min 28 s left, epoch 12\n',
		])
	})

	it('is silent about short tasks', () => {
		const { stream, written } = recorded(false)
		const task = createProgress(stream, () => 0).start('loading', 2, 'files')
		task.update(2)
		task.end()
		expect(written).toEqual([])
	})

	it('does not count the part that was done before a resume', () => {
		let seconds = 0
		const { stream, text } = recorded(false)
		const task = createProgress(stream, () => seconds).start('tuning', 1000, 'images', 900)
		seconds = 10
		task.update(910)
		expect(text()).toContain('910/1,000 images, 1.00/s, 1 min 30 s left')
	})
})

describe('on a terminal', () => {
	// What is on the screen: the text after the last erased line.
	const esc = String.fromCharCode(27)
	const visible = (text: string) => text.replaceAll(new RegExp(`${esc}(7|8|\\[[0-9;?]*[A-Za-z])`, 'g'), '')

	it('draws a bar with the state of the task and removes it in the end', () => {
		const { stream, text } = recorded(true)
		const task = createProgress(stream, () => 0).start('attacking nap', 300, 'images')
		task.update(150, '20.0 % robust')
		task.end()
		expect(visible(text())).toContain('attacking nap')
		expect(visible(text())).toContain('150/300 images, 20.0 % robust')
		expect(text().endsWith(`${esc}[2K`)).toBe(true)
	})

	it('never writes a line wider than the terminal', () => {
		const { stream, written } = recorded(true, 40)
		const task = createProgress(stream, () => 0).start('a task with a rather long name', 300, 'images')
		task.update(299, 'and many words about where it stands right now')
		task.end()
		for (const text of written) expect(visible(text).length).toBeLessThanOrEqual(40)
	})

	it('says less where the terminal is narrow, and what matters last', () => {
		let seconds = 0
		const { stream, text } = recorded(true, 80)
		const task = createProgress(stream, () => seconds).start('attacking nap', 96726, 'forward passes')
		for (seconds = 1; seconds <= 10; seconds++) task.update(1000 * seconds, 'at most 20.0 % robust, apgd-t target 1')
		task.end()
		expect(visible(text())).toContain(' 10 % · 1 min 27 s left, at most 20.0 % robust, apgd-t target 1')
	})

	it('gives the words their room first, then the bar', () => {
		const drawn = (columns: number) => {
			const { stream, text } = recorded(true, columns)
			const task = createProgress(stream, () => 0).start('tuning', 4, 'images')
			task.update(2)
			task.end()
			return visible(text())
		}
		expect(drawn(80)).toContain(`tuning ${'█'.repeat(12)}${'░'.repeat(12)} 50 % · 2/4 images`)
		expect(drawn(30)).toContain('tuning ██░░ 50 % · 2/4 images')
	})

	it('puts lines above the bar', () => {
		const { stream, text } = recorded(true)
		const progress = createProgress(stream, () => 0)
		const task = progress.start('tuning', 10, 'images')
		task.update(5)
		progress.line('epoch 1')
		task.end()
		const lines = visible(text()).split('\n')
		expect(lines[0]).toMatch(/epoch 1$/)
		expect(lines).toHaveLength(2)
	})
})
