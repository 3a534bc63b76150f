import { loadCheckpoint } from '../../dist/checkpoints/checkpoint.js'
import { projectPath, wholeFolder } from '../files.mjs'

export default {
	changes: (name) => name !== 'tokenizer.json',
	prepare: async () => ({ inputs: [await wholeFolder(projectPath('fixtures/checkpoints/tiny'))] }),
	read: (folder) => loadCheckpoint(folder, { cacheDirectory: folder }),
}
