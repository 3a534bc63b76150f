/** Settings and the end of a run for TensorBoard's table of runs (plugin `hparams`; plugin_data.proto, api.proto). */

import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { flatSettings, settingText } from '../files/flat-settings.js'
import { message, type TrackedEvent } from './events.js'

/** Field numbers of the messages. */
const data = { start: 3, end: 4 } as const
const start = { settings: 1, group: 4, seconds: 5 } as const
const end = { status: 1, seconds: 2 } as const
const entry = { key: 1, value: 2 } as const
/** Of `google.protobuf.Value`. */
const value = { number: 2, text: 3, boolean: 4 } as const

/** `STATUS_SUCCESS` of api.proto. */
const success = 1

/** The settings of a run. @param group Identity of the run. @param seconds Start time, since 1970. */
export function hparamsStart(
	settings: Readonly<Record<string, unknown>>,
	group: string,
	seconds: number,
): TrackedEvent {
	const writer = new BinaryWriter()
	message(writer, data.start, () => {
		for (const [key, setting] of flatSettings(settings)) {
			message(writer, start.settings, () => {
				writer.tag(entry.key, WireType.LengthDelimited).string(key)
				message(writer, entry.value, () => writeValue(writer, setting))
			})
		}
		writer.tag(start.group, WireType.LengthDelimited).string(group)
		writer.tag(start.seconds, WireType.Bit64).double(seconds)
	})
	return plugin('_hparams_/session_start_info', writer)
}

/** Marks a run as finished. Call it at most once, since TensorBoard reads only the first end. @param seconds Since 1970. */
export function hparamsEnd(seconds: number): TrackedEvent {
	const writer = new BinaryWriter()
	message(writer, data.end, () => {
		writer.tag(end.status, WireType.Varint).int32(success)
		writer.tag(end.seconds, WireType.Bit64).double(seconds)
	})
	return plugin('_hparams_/session_end_info', writer)
}

function writeValue(writer: BinaryWriter, setting: unknown): void {
	if (typeof setting === 'number') writer.tag(value.number, WireType.Bit64).double(setting)
	else if (typeof setting === 'boolean') writer.tag(value.boolean, WireType.Varint).bool(setting)
	else writer.tag(value.text, WireType.LengthDelimited).string(settingText(setting))
}

function plugin(tag: string, writer: BinaryWriter): TrackedEvent {
	return { kind: 'plugin', step: 0, tag, plugin: 'hparams', content: writer.finish() }
}
