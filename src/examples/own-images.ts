import { evaluate, tune } from 'naptune'

const { output } = await tune({
	model: 'openai/clip-vit-base-patch16',
	data: 'photos',
	shots: 16,
	output: 'runs/photos',
})
const { rows } = await evaluate({ run: output, attack: 'pgd-100', epsilon: '1/255' })
console.log(rows)
