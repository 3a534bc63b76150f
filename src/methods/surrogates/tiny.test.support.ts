/** A data set and recipes so small that training takes a moment. */

import type { Dataset, Split } from '../../data/dataset.js'
import { generator } from '../../random/counter-based.js'
import { type ClassifierRecipe, classifierRecipe, type SubstituteRecipe, substituteRecipe } from './recipe.js'

const classNames = ['red', 'green', 'blue']

/** Three classes of noisy 12 x 8 pictures, each brighter in its own colour. */
export function tinyDataset(): Dataset {
	return {
		name: 'tiny',
		classNames,
		train: tinySplit('train', 30),
		validation: tinySplit('validation', 0),
		test: tinySplit('test', 21),
		notices: [],
		origin: { dataset: 'own', name: 'tiny' },
	}
}

function tinySplit(name: string, length: number): Split {
	const label = (index: number) => index % classNames.length
	const id = (index: number) => `${name}/${index}`
	return {
		length,
		label,
		id,
		image: async (index) => {
			const stream = generator(1, id(index))
			const rgb = Uint8Array.from(
				{ length: 12 * 8 * 3 },
				(_, at) => stream.below(150) + (at % 3 === label(index) ? 60 : 0),
			)
			return { width: 12, height: 8, rgb }
		},
	}
}

/** A classifier of a few hundred parameters. */
export function tinyClassifier(settings: Partial<ClassifierRecipe> = {}): ClassifierRecipe {
	const small = { width: 2, blocks: [1, 1], imageSize: 8, epochs: 4, batchSize: 10, learningRate: 0.1, warmupEpochs: 1 }
	return classifierRecipe({ ...small, ...settings })
}

/** A substitute of a few hundred parameters. */
export function tinySubstitute(settings: Partial<SubstituteRecipe> = {}): SubstituteRecipe {
	const small = { width: 2, blocks: [1, 1], imageSize: 8, epochs: 3, batchSize: 10, embedding: 8, epsilon: 0.5 }
	return substituteRecipe({ ...small, ...settings })
}
