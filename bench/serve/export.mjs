/**
 * Exports a run as an ONNX classifier for bench/serve/python.py, without the measurements of naptune export, which take long on
 * a large model and would refuse an untrained seeded one.
 *
 * node bench/serve/export.mjs RUN FOLDER
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { classesPerChunk } from '../../dist/evaluation/deployed/deployed-classifier.js'
import { loadTunedRun } from '../../dist/evaluation/deployed/tuned-run.js'
import { classifierOutputs } from '../../dist/export/classifier-graph.js'
import { writeFiles } from '../../dist/export/folder.js'
import { modelFiles, modelMessage } from '../../dist/export/model-message.js'
import { preprocessorJson } from '../../dist/export/preprocessor.js'
import { computeTextFeatures } from '../../dist/methods/tuning/text-side.js'
import { createEngine } from '../../dist/runtime/index.js'

const [run, folder] = process.argv.slice(2)
const model = await loadTunedRun(resolve(run))
const engine = await createEngine()
const textFeatures = await computeTextFeatures(engine, model.defense, model.parameters, classesPerChunk)
await engine.close()
mkdirSync(folder, { recursive: true })
await writeFiles(
	resolve(folder),
	modelFiles('model.onnx', await modelMessage(classifierOutputs(model, textFeatures), {})),
)
writeFileSync(join(folder, 'labels.json'), JSON.stringify(model.defense.classNames))
writeFileSync(
	join(folder, 'preprocessor_config.json'),
	JSON.stringify(preprocessorJson(model.clip.checkpoint.preprocessor)),
)
