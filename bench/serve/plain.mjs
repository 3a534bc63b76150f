/**
 * A handler as one would write it by hand: it decodes and classifies one picture at a time, with the same decoder, the same
 * engine and a graph of exactly one picture. A peer of naptune serve in bench/serve.mjs.
 *
 * node bench/serve/plain.mjs RUN
 */

import { createServer } from 'node:http'
import { resolve } from 'node:path'
import { createGraphClassifier } from '../../dist/classifier/graph-classifier.js'
import { float32 } from '../../dist/core/tensor.js'
import { fixedParameters } from '../../dist/defenses/defense.js'
import { classesPerChunk } from '../../dist/evaluation/deployed/deployed-classifier.js'
import { loadTunedRun } from '../../dist/evaluation/deployed/tuned-run.js'
import { decodeImage } from '../../dist/images/decode.js'
import { computeTextFeatures } from '../../dist/methods/tuning/text-side.js'
import { ops } from '../../dist/onnx/graph.js'
import { createEngine } from '../../dist/runtime/index.js'
import { logScale } from '../../dist/vlm/model.js'
import { prepareImage } from '../../dist/vlm/prepare-image.js'
import { similarityLogits } from '../../dist/vlm/similarity.js'
import { mostProbable } from '../../dist/vlm/zero-shot.js'

const { clip, defense, parameters } = await loadTunedRun(resolve(process.argv[2]))
const engine = await createEngine()
const textFeatures = await computeTextFeatures(engine, defense, parameters, classesPerChunk)
const { imageSize } = clip.config.vision
const classifier = await createGraphClassifier({
	engine,
	classNames: defense.classNames,
	imageShape: [3, imageSize, imageSize],
	oneImage: true,
	build(pixels) {
		const { features } = defense.imageFeatures(pixels, fixedParameters(parameters))
		return { logits: similarityLogits(features, ops.literal(textFeatures), logScale(clip)) }
	},
})
const shape = [1, 3, imageSize, imageSize]
await classifier.evaluate(float32(shape, new Float32Array(3 * imageSize * imageSize)), ['logits'])

const server = createServer(async (request, response) => {
	const chunks = []
	for await (const chunk of request) chunks.push(chunk)
	const image = await decodeImage(Buffer.concat(chunks), 'the picture')
	const { logits } = await classifier.evaluate(float32(shape, prepareImage(clip, image)), ['logits'])
	const classes = mostProbable(logits.data, defense.classNames, 5, 'the picture')
	response.setHeader('Content-Type', 'application/json')
	response.end(JSON.stringify({ images: [{ classes }] }))
})
server.listen(0, '127.0.0.1', () => console.error(`url http://127.0.0.1:${server.address().port}/v1/classify`))
