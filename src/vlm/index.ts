/** naptune/vlm: tokenizer, towers as graph builders, zero-shot classification. */

export { cleanText } from '../files/text/text-cleanup.js'
export { classPrompts, defaultTemplate } from './class-prompts.js'
export { type ClipFiles, clipFromFiles } from './clip-from-files.js'
export { type ClipConfig, parseClipConfig } from './config.js'
export { imageTower, type PixelStatistics } from './image-tower.js'
export { type Checkpoint, type ClipModel, clipOf, logScale } from './model.js'
export { similarityLogits } from './similarity.js'
export { textTower } from './text-tower.js'
export { batchTokens, type TokenBatch, type TokenBatchOptions } from './token-batch.js'
export { type ClipTokenizer, createTokenizer, type TokenizerOptions } from './tokenizer.js'
export { classLogits, encodeImage, encodeText, type Towers, towersOf } from './towers.js'
export { frozenWeights, trainableWeights, type WeightLookup, type WeightReference } from './weights.js'
export {
	type ClassProbability,
	createZeroShotClassifier,
	type ZeroShotClassifier,
} from './zero-shot.js'
