/** TensorBoard's events, as `tensorflow.Event` messages (event.proto, summary.proto, tensor.proto). */

import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/** Something at a step of a run; each event holds one thing. */
export type TrackedEvent =
	/** The first of a file. */
	| { readonly kind: 'version' }
	| { readonly kind: 'scalar'; readonly step: number; readonly tag: string; readonly value: number }
	| { readonly kind: 'text'; readonly step: number; readonly tag: string; readonly text: string }

/** Version of the format, without which a file is not read. */
const version = 'brain.Event:2'

/** Field numbers of the messages. */
const event = { wallTime: 1, step: 2, fileVersion: 3, summary: 5 } as const
const summary = { value: 1 } as const
const value = { tag: 1, simpleValue: 2, tensor: 8, metadata: 9 } as const
const tensor = { dtype: 1, shape: 2, stringVal: 8 } as const
const metadata = { pluginData: 1, dataClass: 4 } as const
const pluginData = { name: 1 } as const

/** `DataType.DT_STRING`, and `DataClass.DATA_CLASS_TENSOR`, by which texts are found. */
const stringType = 7
const tensorClass = 2

/** An event's message. @param wallTime Seconds since 1970. Values become single precision. */
export function encodeEvent(tracked: TrackedEvent, wallTime: number): Uint8Array {
	const writer = new BinaryWriter().tag(event.wallTime, WireType.Bit64).double(wallTime)
	if (tracked.kind === 'version') {
		return writer.tag(event.fileVersion, WireType.LengthDelimited).string(version).finish()
	}
	writer.tag(event.step, WireType.Varint).int64(tracked.step)
	return message(writer, event.summary, () => {
		message(writer, summary.value, () => {
			writer.tag(value.tag, WireType.LengthDelimited).string(tracked.tag)
			if (tracked.kind === 'scalar') writer.tag(value.simpleValue, WireType.Bit32).float(single(tracked.value))
			else writeText(writer, tracked.text)
		})
	}).finish()
}

function writeText(writer: BinaryWriter, text: string): void {
	message(writer, value.tensor, () => {
		writer.tag(tensor.dtype, WireType.Varint).int32(stringType)
		message(writer, tensor.shape, () => {})
		writer.tag(tensor.stringVal, WireType.LengthDelimited).string(text)
	})
	message(writer, value.metadata, () => {
		message(writer, metadata.pluginData, () => writer.tag(pluginData.name, WireType.LengthDelimited).string('text'))
		writer.tag(metadata.dataClass, WireType.Varint).int32(tensorClass)
	})
}

function message(writer: BinaryWriter, field: number, fill: () => void): BinaryWriter {
	writer.tag(field, WireType.LengthDelimited).fork()
	fill()
	return writer.join()
}

/** Beyond the range of single precision, what it rounds to. */
function single(number: number): number {
	return Math.fround(number)
}

/** Step and tags of an event; of other events than summaries no tags. @throws Error for bytes that are no message. */
export function decodeEvent(bytes: Uint8Array): { readonly step: number; readonly tags: readonly string[] } {
	let step = 0
	const tags: string[] = []
	fieldsOf(new BinaryReader(bytes), {
		[event.step]: (reader) => {
			step = Number(reader.int64())
		},
		[event.summary]: (reader) =>
			fieldsOf(new BinaryReader(reader.bytes()), {
				[summary.value]: (inner) =>
					fieldsOf(new BinaryReader(inner.bytes()), { [value.tag]: (own) => tags.push(own.string()) }),
			}),
	})
	return { step, tags }
}

function fieldsOf(reader: BinaryReader, read: Readonly<Record<number, (reader: BinaryReader) => void>>): void {
	while (reader.pos < reader.len) {
		const [field, type] = reader.tag()
		const own = read[field]
		if (own) own(reader)
		else reader.skip(type, field)
	}
}
