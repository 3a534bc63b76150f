/** naptune/clip: checkpoints, tokenizer, towers as graph builders, zero-shot classification. */

export { type Checkpoint, type LoadCheckpointOptions, loadCheckpoint } from './checkpoint.js'
export { type ClipConfig, parseClipConfig } from './config.js'
export { imageTower, type PixelStatistics } from './image-tower.js'
export { type ClipModel, loadClip, logScale } from './model.js'
export { type CheckpointToSave, saveCheckpoint } from './save-checkpoint.js'
export { writeSeededCheckpoint } from './seeded-checkpoint.js'
export { similarityLogits } from './similarity.js'
export { classPrompts, defaultTemplate, zeroShotTemplates } from './templates.js'
export { cleanText } from './text-cleanup.js'
export { textTower } from './text-tower.js'
export { batchTokens, type TokenBatch, type TokenBatchOptions } from './token-batch.js'
export { type ClipTokenizer, loadTokenizer } from './tokenizer.js'
export { frozenWeights, trainableWeights, type WeightLookup, type WeightReference } from './weights.js'
export {
	type ClassProbability,
	createZeroShotClassifier,
	type ZeroShotClassifier,
} from './zero-shot.js'
