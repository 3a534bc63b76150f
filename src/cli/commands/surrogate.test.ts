import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { runCli, runJson, startCli } from '../cli.test.helper.js'

const pictures = fileURLToPath(new URL('../../../fixtures/images', import.meta.url))
const small = ['--image-size', '8', '--width', '2', '--blocks', '1,1', '--threads', '1']
const train = ['surrogate', 'train', '--family', 'residual', '--batch-size', '100', '--epochs', '12', ...small]

describe('surrogate train', () => {
	it('goes on after kill -9, and ends in the same bytes', async () => {
		const folder = await temporaryFolder()
		const [whole, parts] = ['whole.onnx', 'parts.onnx'].map((name) => join(folder, name)) as [string, string]
		const running = startCli([...train, '--out', parts])
		await running.until('epoch 2/12')
		running.process.kill('SIGKILL')
		await running.finished
		expect(existsSync(parts)).toBe(false)
		const [resumed, unbroken] = await Promise.all([
			runJson([...train, '--out', parts]),
			runJson([...train, '--out', whole]),
		])
		expect(resumed.code, resumed.stderr).toBe(0)
		expect(resumed.stderr).not.toContain('epoch 1/12')
		expect(unbroken.document).toMatchObject({ output: whole, testImages: 1000, lastEpoch: { epoch: 11 } })
		for (const suffix of ['.onnx', '.log.jsonl']) {
			const [own, expected] = [parts, whole].map((path) => readFile(path.replace('.onnx', suffix)))
			expect(await own).toEqual(await expected)
		}
		const record = JSON.parse(await readFile(whole.replace('.onnx', '.json'), 'utf8'))
		expect(record).toMatchObject({
			kind: 'classifier',
			recipe: { family: 'residual', width: 2, epochs: 12, seed: 1 },
			data: { name: 'cifar10-mini', images: 1000 },
			engine: { threads: 1 },
		})
	})

	it('says what is wrong with a setting, a file name or data', async () => {
		const out = join(await temporaryFolder(), 'a.onnx')
		const setting = await runCli([...train, '--out', out, '--set', 'flip=2', '--set', 'colour=1'])
		expect(setting.code).toBe(1)
		for (const name of ['flip', 'colour']) expect(setting.stderr).toContain(name)
		const blocks = await runCli([...train, '--out', out, '--blocks', '1,0'])
		expect([blocks.code, blocks.stderr]).toEqual([2, expect.stringContaining('such as 2,2,2')])
		const name = await runCli([...train, '--out', `${out}.pt`])
		expect([name.code, name.stderr]).toEqual([1, expect.stringContaining('must end in .onnx')])
		const data = await runCli([...train, '--out', out, '--data', join(out, 'nowhere')])
		expect([data.code, data.stderr]).toEqual([1, expect.stringContaining('neither a known data set')])
		expect(existsSync(out)).toBe(false)
	})
})

describe('surrogate substitute', () => {
	it('trains on any folder of pictures, stops when asked and goes on', async () => {
		const folder = await temporaryFolder()
		const data = join(folder, 'data')
		await mkdir(join(data, 'more'), { recursive: true })
		for (const name of ['photo.jpg', 'photo.webp', 'photo-odd.jpg', 'rgb.png']) {
			await copyFile(join(pictures, name), join(data, name))
			await copyFile(join(pictures, name), join(data, 'more', name))
		}
		const out = join(folder, 'substitute.onnx')
		const args = ['surrogate', 'substitute', '--data', data, '--batch-size', '4', '--epochs', '12', ...small]
		const running = startCli([...args, '--out', out])
		await running.until('epoch 2/12')
		running.process.kill('SIGTERM')
		const stopped = await running.finished
		expect(stopped.code).toBe(143)
		expect(stopped.stderr).toContain('run the same command again to resume')
		const { code, document, stderr } = await runJson([...args, '--out', out])
		expect(code, stderr).toBe(0)
		expect(stderr).not.toContain('epoch 1/12')
		expect(document).toMatchObject({ output: out, lastEpoch: { epoch: 11 } })
		expect(existsSync(out)).toBe(true)
	})

	it('says where images are missing', async () => {
		const folder = await temporaryFolder()
		const { code, stderr } = await runCli([
			'surrogate',
			'substitute',
			'--data',
			folder,
			'--out',
			join(folder, 'a.onnx'),
		])
		expect([code, stderr]).toEqual([1, expect.stringContaining('hold no images')])
	})
})
