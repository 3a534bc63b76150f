/** Options for models and data. */

import { embeddedModel } from '../../checkpoints/checkpoint.js'
import { datasetNames } from '../../data/registry.js'
import { sourceForms } from '../../data/sources.js'
import { promptEnsembles } from '../../data/templates.js'
import { packagedData } from '../../jobs/common/inputs.js'
import { Option } from './option.js'
import { templateList } from './shared-options.js'

/** `--model`. */
export function modelOption(): Option {
	return new Option(
		'--model <folder-or-id>',
		'CLIP or SigLIP: a folder of transformers or open_clip, a file of weights, or an id of the Hugging Face hub',
	).default(embeddedModel, 'nano, which the package includes')
}

/** `--data`. */
export function dataOption(): Option {
	return new Option(
		'--data <folder-or-name>',
		`folder with one folder of images per class, ${sourceForms}, or a data set: ${datasetNames.join(', ')}`,
	).default(packagedData)
}

/** `--data-root`. @param fallback The default, in words. */
export function dataRootOption(fallback = 'none'): Option {
	const option = new Option(
		'--data-root <folder>',
		`folder that contains the folders of named data sets, such as caltech-101 (default: ${fallback})`,
	)
	// An empty variable counts as unset; as a path it would mean the current folder.
	return process.env.NAPTUNE_DATA_ROOT === '' ? option : option.env('NAPTUNE_DATA_ROOT')
}

/** `--vanilla-templates`. */
export function vanillaTemplatesOption(): Option {
	return new Option(
		'--vanilla-templates <name-or-texts>',
		`prompts for the control: an ensemble (${Object.keys(promptEnsembles).join(', ')}), or templates with {} separated by | (default: the data set's own)`,
	).argParser(templateList)
}
