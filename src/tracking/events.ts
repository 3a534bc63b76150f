/** Encodes TensorBoard's events as `tensorflow.Event` messages (event.proto, summary.proto, tensor.proto). */

import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/** One item at a step of a run. */
export type TrackedEvent =
	/** The first event of a file. */
	| { readonly kind: 'version' }
	| { readonly kind: 'scalar'; readonly step: number; readonly tag: string; readonly value: number }
	| { readonly kind: 'text'; readonly step: number; readonly tag: string; readonly text: string }
	/** Data for a plugin. @see hparamsEvents */
	| {
			readonly kind: 'plugin'
			readonly step: number
			readonly tag: string
			readonly plugin: string
			readonly content: Uint8Array
	  }

/** Version of the format, which readers require. */
const version = 'brain.Event:2'

/** Field numbers of the messages. */
const event = { wallTime: 1, step: 2, fileVersion: 3, summary: 5 } as const
const summary = { value: 1 } as const
const value = { tag: 1, simpleValue: 2, tensor: 8, metadata: 9 } as const
const tensor = { dtype: 1, shape: 2, stringVal: 8 } as const
/** A dimension without a size field has size 0. */
const shape = { dimension: 2 } as const
const metadata = { pluginData: 1, dataClass: 4 } as const
const pluginData = { name: 1, content: 2 } as const

/** `DataType.DT_FLOAT` and `DT_STRING`, and `DataClass.DATA_CLASS_TENSOR`, which marks texts. */
const floatType = 1
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
			else if (tracked.kind === 'text') writeText(writer, tracked.text)
			else writePlugin(writer, tracked.plugin, tracked.content)
		})
	}).finish()
}

function writeText(writer: BinaryWriter, text: string): void {
	message(writer, value.tensor, () => {
		writer.tag(tensor.dtype, WireType.Varint).int32(stringType)
		message(writer, tensor.shape, () => {})
		writer.tag(tensor.stringVal, WireType.LengthDelimited).string(text)
	})
	writeMetadata(writer, 'text')
}

/** Writes a tensor without elements; the metadata holds the content. */
function writePlugin(writer: BinaryWriter, plugin: string, content: Uint8Array): void {
	message(writer, value.tensor, () => {
		writer.tag(tensor.dtype, WireType.Varint).int32(floatType)
		message(writer, tensor.shape, () => message(writer, shape.dimension, () => {}))
	})
	writeMetadata(writer, plugin, content)
}

function writeMetadata(writer: BinaryWriter, plugin: string, content?: Uint8Array): void {
	message(writer, value.metadata, () => {
		message(writer, metadata.pluginData, () => {
			writer.tag(pluginData.name, WireType.LengthDelimited).string(plugin)
			if (content) writer.tag(pluginData.content, WireType.LengthDelimited).bytes(content)
		})
		writer.tag(metadata.dataClass, WireType.Varint).int32(tensorClass)
	})
}

/** Writes a message as a field of another. @returns The same writer. */
export function message(writer: BinaryWriter, field: number, fill: () => void): BinaryWriter {
	writer.tag(field, WireType.LengthDelimited).fork()
	fill()
	return writer.join()
}

/** Rounds to single precision, also beyond its range. */
function single(number: number): number {
	return Math.fround(number)
}

/** Step and tags of an event; only summaries have tags. @throws Error for bytes that are not a message. */
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
