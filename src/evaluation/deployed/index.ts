/** naptune/evaluation/deployed: turns the result of a tuning run into a classifier. */

export { type DeployedModel, type DeployOptions, deployedClassifier } from './deployed-classifier.js'
export { resizedClassifier } from './resized-classifier.js'
export { type EvaluationProtocol, type TunedModel, tunedModel } from './tuned-model.js'
