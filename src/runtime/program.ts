/** The calling side of a compiled graph. */

import { entry } from '../core/at.js'
import { NaptuneError } from '../core/errors.js'
import type { Tensor } from '../core/tensor.js'
import type { Feeds, KeptOutputs, Program, ResidentTensor, SerializedModel } from './engine.js'
import { engineError } from './engine-error.js'
import { checkFeeds } from './feeds.js'
import { HostError, type HostLink } from './link.js'
import type { WireFeed } from './protocol.js'
import type { ResidentTensors } from './resident-tensors.js'
import { movable } from './transfer.js'

/** Creates a program whose session the host already has. */
export function createProgram(
	link: HostLink,
	residents: ResidentTensors,
	session: { readonly id: number; readonly name: string; readonly onRelease: () => void },
	model: Omit<SerializedModel, 'bytes'> & { readonly modelBytes: number },
): Program {
	const { id, name } = session
	const outputs = model.outputs.map((output) => output.name)
	let released: Promise<void> | undefined

	const execute = async (
		feeds: Feeds,
		keep: readonly string[],
		options: { readonly outputs?: readonly string[]; readonly transfer?: boolean },
	): Promise<KeptOutputs> => {
		if (released)
			throw new NaptuneError('NAP_ENGINE_CLOSED', `Program ${name} was released; compile it again to run it.`)
		const asked = [...new Set([...(options.outputs ?? (keep.length > 0 ? [] : outputs)), ...keep])]
		const unknown = asked.filter((output) => !outputs.includes(output))
		if (unknown.length > 0 || asked.length === 0) {
			const problem = unknown.length > 0 ? `has no output ${unknown.join(', ')}` : 'was asked for no outputs'
			throw new NaptuneError('NAP_FEED_INVALID', `Program ${name} ${problem}; its outputs are: ${outputs.join(', ')}.`)
		}
		checkFeeds(name, model.inputs, feeds)

		const moved = new Map<ArrayBufferLike, Tensor>()
		const transfer: ArrayBuffer[] = []
		const wire: Record<string, WireFeed> = {}
		for (const [input, feed] of Object.entries(feeds)) {
			if (!('data' in feed)) {
				wire[input] = { resident: residents.handleOf(feed) }
				continue
			}
			const again = moved.get(feed.data.buffer)
			const { tensor, buffer } = movable(feed, (options.transfer ?? false) && !again)
			if (buffer === feed.data.buffer) moved.set(buffer, tensor)
			transfer.push(buffer)
			wire[input] = { tensor }
		}
		const handles = Object.fromEntries(keep.map((output) => [output, residents.newHandle()]))
		try {
			const { tensors, kept } = await link.ask(
				{ kind: 'run', program: id, feeds: wire, outputs: asked, keep: handles },
				transfer,
			)
			const resident: Record<string, ResidentTensor> = {}
			for (const [output, handle] of Object.entries(handles)) {
				resident[output] = residents.adopt(handle, entry(kept, output))
			}
			return { tensors, kept: resident }
		} catch (error) {
			if (error instanceof HostError) throw engineError('run', name, error, model.nodeOrigins)
			throw error
		}
	}

	return {
		inputs: model.inputs.map((input) => input.name),
		outputs,
		modelBytes: model.modelBytes,
		async run(feeds, options = {}) {
			return (await execute(feeds, [], options)).tensors
		},
		runAndKeep: (feeds, keep, options = {}) => execute(feeds, keep, options),
		release() {
			released ??= link.letGo({ kind: 'releaseProgram', program: id }).then(session.onRelease)
			return released
		},
	}
}
