import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32c } from '@aws-crypto/crc32c'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { describe, expect, it } from 'vitest'
import { temporaryFolder, withoutSuperuser } from '../files/temporary-folder.test.helper.js'
import { lastSteps } from './event-folder.js'
import { encodeEvent, type TrackedEvent } from './events.js'
import { hparamsEnd, hparamsStart } from './hparams.js'
import { framed, framedRecords } from './record-framing.js'
import { openTensorboard } from './tensorboard.js'
import type { TrackedRun } from './tracker.js'

const run: TrackedRun = { name: 'photos-tuning', identity: 'tuning photos', goesOn: false }
const unexpected = (text: string) => {
	throw new Error(text)
}

/** Everything in a message: values by field number, messages as bytes. */
function fields(bytes: Uint8Array): Map<number, unknown[]> {
	const reader = new BinaryReader(bytes)
	const found = new Map<number, unknown[]>()
	while (reader.pos < reader.len) {
		const [field, type] = reader.tag()
		const value =
			type === WireType.LengthDelimited
				? reader.bytes()
				: type === WireType.Bit64
					? reader.double()
					: type === WireType.Bit32
						? reader.float()
						: Number(reader.int64())
		found.set(field, [...(found.get(field) ?? []), value])
	}
	return found
}

const inside = (message: Map<number, unknown[]>, field: number) => fields(message.get(field)![0] as Uint8Array)
const words = (bytes: unknown) => Buffer.from(bytes as Uint8Array).toString('utf8')

/** The events of all files of a folder, as a reader that knows event.proto sees them. */
async function eventsIn(folder: string) {
	const files = (await readdir(folder)).filter((name) => name.includes('tfevents')).sort()
	const events = await Promise.all(files.map(async (name) => framedRecords(await readFile(join(folder, name)))))
	return events.flat().map((record) => {
		const event = fields(record)
		if (!event.has(5)) return { version: words(event.get(3)![0]), time: event.get(1)![0] as number }
		const value = inside(inside(event, 5), 1)
		const tag = words(value.get(1)![0])
		const step = event.get(2)![0] as number
		if (value.has(2)) return { tag, step, value: value.get(2)![0] as number }
		const plugin = words(inside(inside(value, 9), 1).get(1)![0])
		const tensor = inside(value, 8)
		if (!tensor.has(8)) return { tag, step, plugin, dtype: tensor.get(1)![0] }
		return { tag, step, plugin, dtype: tensor.get(1)![0], text: words(tensor.get(8)![0]) }
	})
}

describe('framed', () => {
	it('frames as TFRecord does', () => {
		// RecordWriter of TensorBoard 2.21.
		expect(Buffer.from(framed(Buffer.from('abc'))).toString('hex')).toBe('0300000000000000b099490e6162636e57f121')
	})

	it('holds the CRC32C of RFC 3720, B.4', () => {
		expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
		expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
	})

	it('is read up to what is cut off or damaged', () => {
		const [one, two] = [framed(Buffer.from('one')), framed(Buffer.from('two'))]
		const both = Buffer.concat([one, two])
		expect(framedRecords(both).map(words)).toEqual(['one', 'two'])
		for (let length = one.length; length < both.length; length++) {
			expect(framedRecords(both.subarray(0, length)).map(words)).toEqual(['one'])
		}
		for (let at = 0; at < one.length; at++) {
			const damaged = Buffer.from(both)
			damaged[at]! ^= 1
			expect(framedRecords(damaged)).toEqual([])
		}
	})
})

describe('encodeEvent', () => {
	const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

	it("writes the messages of TensorBoard's own classes", () => {
		// SerializeToString of tensorboard.compat.proto.event_pb2.Event, version 2.21; it leaves out a step of 0.
		const time = '09000000000000f83f'
		expect(hex(encodeEvent({ kind: 'version' }, 1.5))).toBe(`${time}1a0d627261696e2e4576656e743a32`)
		expect(hex(encodeEvent({ kind: 'scalar', step: 3, tag: 'loss', value: 0.25 }, 1.5))).toBe(
			`${time}10032a0d0a0b0a046c6f7373150000803e`,
		)
		expect(hex(encodeEvent({ kind: 'text', step: 0, tag: 'note', text: 'hi' }, 1.5))).toBe(
			`${time}10002a1e0a1c0a046e6f7465420808071200420268694a0a0a060a04746578742002`,
		)
	})

	it('writes the messages of the plugin for settings', () => {
		const content = (event: TrackedEvent) => (event.kind === 'plugin' ? hex(event.content) : '')
		// SerializeToString of plugin_data_pb2.HParamsPluginData.
		expect(content(hparamsStart({ epochs: 2 }, 'g', 1.5))).toBe(
			'1a210a130a0665706f636873120911000000000000004022016729000000000000f83f',
		)
		expect(content(hparamsEnd(1.5))).toBe('220b080111000000000000f83f')
		const settings = { a: { b: true, c: 'd' }, list: [1] }
		const start = inside(fields((hparamsStart(settings, 'g', 0) as { content: Uint8Array }).content), 3)
		const read = start.get(1)!.map((bytes) => {
			const entry = fields(bytes as Uint8Array)
			const [[field, [value]]] = [...inside(entry, 2)] as [[number, unknown[]]]
			return [words(entry.get(1)![0]), field, field === 3 ? words(value) : value]
		})
		expect(read).toEqual([
			['a.b', 4, 1],
			['a.c', 3, 'd'],
			['list', 3, '[1]'],
		])
	})

	it('rounds what single precision cannot hold', () => {
		const values = [1e300, -1e300, Number.NEGATIVE_INFINITY, Number.NaN, 1e-300]
		const read = values.map((value) => {
			const event = fields(encodeEvent({ kind: 'scalar', step: 1, tag: 'x', value }, 0))
			return inside(inside(event, 5), 1).get(2)![0]
		})
		expect(read).toEqual([Infinity, -Infinity, -Infinity, Number.NaN, 0])
	})
})

describe('openTensorboard', () => {
	it('writes scalars, settings and texts', async () => {
		const folder = await temporaryFolder()
		const tracker = await openTensorboard(folder, run, unexpected)
		expect(tracker.folder).toBe(join(folder, 'photos-tuning'))
		tracker.params({ epochs: 2, attack: { epsilon: 0.5, kind: 'a|b' }, list: [1, 2], none: undefined })
		tracker.text('protocol', '**5** images')
		tracker.metrics(1, { 'loss/clean': 0.5, 'accuracy/clean': 0.25 })
		tracker.metrics(2, { 'loss/clean': Number.NaN })
		await tracker.close('finished')
		const [first, ...events] = await eventsIn(tracker.folder)
		expect(first).toMatchObject({ version: 'brain.Event:2' })
		expect(Math.abs(first!.time! - Date.now() / 1000)).toBeLessThan(600)
		const settings = [
			'| setting | value |',
			'| --- | --- |',
			'| epochs | 2 |',
			'| attack.epsilon | 0.5 |',
			'| attack.kind | a\\|b |',
			'| list | [1,2] |',
		]
		expect(events).toEqual([
			{ tag: 'settings', step: 0, plugin: 'text', dtype: 7, text: settings.join('\n') },
			{ tag: '_hparams_/session_start_info', step: 0, plugin: 'hparams', dtype: 1 },
			{ tag: 'protocol', step: 0, plugin: 'text', dtype: 7, text: '**5** images' },
			{ tag: 'loss/clean', step: 1, value: 0.5 },
			{ tag: 'accuracy/clean', step: 1, value: 0.25 },
			{ tag: 'loss/clean', step: 2, value: Number.NaN },
			{ tag: '_hparams_/session_end_info', step: 0, plugin: 'hparams', dtype: 1 },
		])
	})

	it('goes on after a kill without a step twice, and begins new runs beside it', async () => {
		const folder = await temporaryFolder()
		const killed = await openTensorboard(folder, run, unexpected)
		for (const step of [1, 2]) killed.metrics(step, { loss: step })
		await killed.close('stopped')
		const [file] = (await readdir(killed.folder)).filter((name) => name.includes('tfevents'))
		await appendFile(
			join(killed.folder, file!),
			framed(encodeEvent({ kind: 'scalar', step: 3, tag: 'loss', value: 3 }, 0)).subarray(0, 20),
		)
		const rest = await openTensorboard(folder, { ...run, goesOn: true }, unexpected)
		expect(rest.folder).toBe(killed.folder)
		for (const step of [2, 3, 4]) rest.metrics(step, { loss: step })
		await rest.close('finished')
		const steps = (await eventsIn(rest.folder)).flatMap((event) => (event.tag === 'loss' ? event.step : []))
		expect(steps).toEqual([1, 2, 3, 4])
		expect((await lastSteps(rest.folder)).get('loss')).toBe(4)

		const other = await openTensorboard(folder, run, unexpected)
		expect(other.folder).toBe(`${killed.folder}-2`)
		await other.close('finished')
		expect((await openTensorboard(folder, { ...run, goesOn: true }, unexpected)).folder).toBe(other.folder)
		expect((await openTensorboard(folder, { ...run, identity: 'x', goesOn: true }, unexpected)).folder).toBe(
			`${killed.folder}-3`,
		)
	})

	it('stays below its folder whatever the name', async () => {
		const folder = await temporaryFolder()
		const tracker = await openTensorboard(folder, { ...run, name: '../a b/../c:d' }, unexpected)
		expect(tracker.folder).toBe(join(folder, 'a-b', 'c-d'))
	})

	it('says at once when it cannot write, and once when it no longer can', async () => {
		const folder = await temporaryFolder()
		await writeFile(join(folder, 'file'), '')
		await expect(openTensorboard(join(folder, 'file'), run, unexpected)).rejects.toThrow(/not a folder/)
		const warnings: string[] = []
		const tracker = await openTensorboard(join(folder, 'gone'), run, (text) => warnings.push(text))
		await rm(tracker.folder, { recursive: true })
		tracker.metrics(1, { loss: 1 })
		tracker.metrics(2, { loss: 1 })
		await tracker.close('finished')
		expect(warnings).toHaveLength(1)
		expect(warnings[0]).toMatch(/gets no further events .* The run continues\.$/)
		await mkdir(join(folder, 'locked'), { mode: 0o555 })
		await withoutSuperuser(() =>
			expect(openTensorboard(join(folder, 'locked'), run, unexpected)).rejects.toThrow(/No permission to write/),
		)
	})
})
