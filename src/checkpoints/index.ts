/** naptune/checkpoints: checkpoints on disk and on the hub. */

export { type LoadCheckpointOptions, loadCheckpoint, type StoredCheckpoint } from './checkpoint.js'
export { loadClip } from './load-clip.js'
export { loadTokenizer } from './load-tokenizer.js'
export { type CheckpointToSave, saveCheckpoint } from './save-checkpoint.js'
export { writeSeededCheckpoint } from './seeded-checkpoint.js'
