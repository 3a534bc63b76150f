/** naptune/onnx/files: models and their weights on disk. */

export { readModelFile, weightsBelow } from './read-model-file.js'
export { writeModel } from './write-model.js'
