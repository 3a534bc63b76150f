import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadCheckpoint } from '../../dist/checkpoints/checkpoint.js'
import { loadClip } from '../../dist/checkpoints/load-clip.js'
import { projectPath, wholeFolder } from '../files.mjs'

const folder = (name) => projectPath(`fixtures/families/${name}`)

/** Where the model of an input lies, as `--model` or the options of encoders name it. */
function sourceOf(path, names) {
	if (names.includes('openai.pt')) return join(path, 'openai.pt')
	if (!names.includes('image.onnx')) return path
	return `?${new URLSearchParams({
		'image-encoder': join(path, 'image.onnx'),
		'text-encoder': join(path, 'text.onnx'),
		tokenizer: join(path, 'tokenizer.json'),
	})}`
}

/** Checkpoints of open_clip, SigLIP and OpenAI's files, and a pair of ONNX encoders, all with tokens of nano's number. */
export default {
	seconds: 60,
	changes: (name) => !['golden.safetensors', 'tokenizer.json'].includes(name),
	async prepare() {
		const tokenizer = { 'tokenizer.json': await readFile(projectPath('models/nano/tokenizer.json')) }
		const [siglip, ...others] = await Promise.all(
			['siglip', 'open-clip', 'open-clip-gelu', 'encoders'].map((name) => wholeFolder(folder(name))),
		)
		const openai = { 'openai.pt': await readFile(folder('openai.pt')) }
		return { inputs: [siglip, ...[...others, openai].map((files) => ({ ...files, ...tokenizer }))] }
	},
	async read(path) {
		const names = await readdir(path)
		// OpenAI's file has its tokenizer in the package, with more tokens than this small one.
		const load = names.includes('openai.pt') ? loadCheckpoint : loadClip
		await load(sourceOf(path, names), { cacheDirectory: join(path, 'cache') })
	},
}
