/** naptune/evaluation/deployed: a defended model as a classifier, from what a tuning run leaves behind. */

export { type DeployedModel, type DeployOptions, deployedClassifier } from './deployed-classifier.js'
export { resizedClassifier } from './resized-classifier.js'
export { type EvaluationProtocol, type TunedModel, tunedModel } from './tuned-model.js'
