/**
 * naptune: harden CLIP models against adversarial images, attack them, and measure what the hardening is worth. It has one
 * function per command of the command line; each loads its code at the first call. Subpaths export the parts behind these
 * jobs: `naptune/data`, `naptune/attacks`, `naptune/evaluation`, `naptune/onnx` and others.
 */

import { lazyJob } from './jobs/lazy-job.js'

export { type ErrorCode, errorCodes } from './core/error-codes.js'
export { NaptuneError } from './core/errors.js'
export type { ImageLoader } from './data/loading/image-loader.js'
export type { JobContext, JobInput, JobNote, JobProgress, JobResult } from './jobs/job.js'
export { type Device, devices, type ModelEngine } from './runtime/engine.js'
export { createEngine, type EngineOptions } from './runtime/node/create-engine.js'

/** Tunes a defense into a run directory, by adversarial few-shot tuning of a CLIP whose own weights stay frozen. */
export const tune = lazyJob(async () => (await import('./jobs/tune.js')).tune)
/** Attacks a tuned model and counts what it still gets right, with vanilla CLIP as the control. */
export const evaluate = lazyJob(async () => (await import('./jobs/evaluate.js')).evaluate)
/** Recomputes outcomes of an evaluation record from its run, and compares them image by image. */
export const verifyRecord = lazyJob(async () => (await import('./jobs/verify-record.js')).verifyRecord)
/** Checks whether the measured robustness of a tuned run is real. */
export const audit = lazyJob(async () => (await import('./jobs/audit.js')).audit)
/** Tunes every method with the same budget, attacks all of them and vanilla CLIP, and compares them. */
export const compare = lazyJob(async () => (await import('./jobs/compare.js')).compare)
/** Reproduces the paper's tables and figures, or runs your own experiments. */
export const reproduce = lazyJob(async () => (await import('./jobs/reproduce.js')).reproduce)
/** Estimates what experiments would cost on this device, from a short benchmark. */
export const reproducePlan = lazyJob(async () => (await import('./jobs/reproduce-plan.js')).reproducePlan)
/** Works on one of several parts of experiments, for machines that share nothing. */
export const reproduceShard = lazyJob(async () => (await import('./jobs/reproduce-shard.js')).reproduceShard)
/** Attacks any ONNX image classifier with its own gradient, and counts what it still gets right. */
export const attack = lazyJob(async () => (await import('./jobs/attack.js')).attack)
/** Attacks one picture on vanilla CLIP and on a tuned run, and writes the resulting pictures. */
export const attackPhoto = lazyJob(async () => (await import('./jobs/attack-photo.js')).attackPhoto)
/** Classifies pictures with a tuned run, or zero-shot with a CLIP and class names. */
export const classify = lazyJob(async () => (await import('./jobs/classify.js')).classify)
/** Scores how heavily a run's refiners correct clean images and, with an attack, whether the score detects it. */
export const calibrate = lazyJob(async () => (await import('./jobs/calibrate.js')).calibrate)
/** Finds captions by images and images by captions, clean and with all images attacked. */
export const retrieve = lazyJob(async () => (await import('./jobs/retrieve.js')).retrieve)
/** Serves a tuned run over HTTP until its signal stops it. */
export const serve = lazyJob(async () => (await import('./jobs/serve.js')).serve)
/** Measures per layer how far a perturbation moves the image tokens of a tuned model, before and after its refiners. */
export const distortion = lazyJob(async () => (await import('./jobs/distortion.js')).distortion)
/** Exports a tuned model as files that onnxruntime and transformers.js load, and measures them first. */
export const exportModel = lazyJob(async () => (await import('./jobs/export-model.js')).exportModel)
/** Decides from a configuration whether a model is robust enough to be released. */
export const gate = lazyJob(async () => (await import('./jobs/gate.js')).gate)
/** Writes the configuration and the baseline of a gate from what a model achieves now. */
export const gateInit = lazyJob(async () => (await import('./jobs/gate-init.js')).gateInit)
/** Makes adversarial images on surrogates and stores them, to try on any model. */
export const generate = lazyJob(async () => (await import('./jobs/generate.js')).generate)
/** Trains a small convolutional classifier for transfer attacks, and writes it as an ONNX file. */
export const surrogateTrain = lazyJob(async () => (await import('./jobs/surrogate-train.js')).surrogateTrain)
/** Puts a new last layer onto a pre-trained network, as a surrogate for the given data. */
export const surrogateHead = lazyJob(async () => (await import('./jobs/surrogate-head.js')).surrogateHead)
/** Trains a substitute on unlabelled images (AGS) and writes it as an ONNX file. */
export const surrogateSubstitute = lazyJob(
	async () => (await import('./jobs/surrogate-substitute.js')).surrogateSubstitute,
)
/** Pre-trains a small CLIP from scratch by a recipe. */
export const pretrain = lazyJob(async () => (await import('./jobs/pretrain.js')).pretrain)
/** Describes a tuning run, finished or not: what it is, how far it is and how it learned. */
export const inspect = lazyJob(async () => (await import('./jobs/inspect.js')).inspect)
/** Writes one page about an experiment, a run or an evaluation. */
export const report = lazyJob(async () => (await import('./jobs/report.js')).report)
/** Lists the named data sets, and which of them are present. */
export const dataList = lazyJob(async () => (await import('./jobs/data-list.js')).dataList)
/** Checks that all images of a data set are present and readable. */
export const dataDoctor = lazyJob(async () => (await import('./jobs/data-doctor.js')).dataDoctor)
/** Lists the defenses: what each trains, its parameters on a model, its loss and its source. */
export const defenses = lazyJob(async () => (await import('./jobs/defenses.js')).defenses)
/** Measures gradients of CLIPs against the matrix product of this machine. */
export const benchGradient = lazyJob(async () => (await import('./jobs/bench-gradient.js')).benchGradient)
/** Measures loading images against the tuning step that uses them. */
export const benchLoading = lazyJob(async () => (await import('./jobs/bench-loading.js')).benchLoading)
/** Tunes NAP on the embedded CLIP and photographs, then attacks it and vanilla CLIP. */
export const demo = lazyJob(async () => (await import('./jobs/demo.js')).demo)
/** Examines this installation: engines, devices, memory, caches, and what to do about each problem. */
export const doctor = lazyJob(async () => (await import('./jobs/doctor.js')).doctor)
