// Runs a graph on numbers of a file.

/** @param ort onnxruntime-web. @param provider Its execution provider. */
export const logitsOf = (ort, provider) => async (model, feeds, output) => {
	const session = await ort.InferenceSession.create(model, { executionProviders: [provider] })
	const tensors = {}
	for (const [name, { file, type, shape }] of Object.entries(feeds)) {
		const buffer = await (await fetch(file)).arrayBuffer()
		const data =
			type === 'float32'
				? new Float32Array(buffer)
				: type === 'int64'
					? new BigInt64Array(buffer)
					: new Uint8Array(buffer)
		tensors[name] = new ort.Tensor(type, data, shape)
	}
	const found = await session.run(tensors)
	return [...found[output].data]
}
