/**
 * All commands, in the order of the help. To add one, add an entry here and a module in `commands/`. A module loads only
 * when its command runs: the overall help, errors and the version load none.
 */

import type { Command } from 'commander'

/** A command as the list of commands shows it. */
export interface ListedCommand {
	/** Name, `[options]` if it has any, and arguments, as commander writes them. */
	readonly term: string
	/** The first line of the command's own help; a test compares the two. */
	readonly description: string
	/** Loads the function that adds the command to a program. */
	load(): Promise<(program: Command) => void>
}

/** Name of a command. */
export function nameOf({ term }: ListedCommand): string {
	return term.split(' ', 1).join()
}

export const commandList: readonly ListedCommand[] = [
	{
		term: 'demo [options]',
		description:
			'Tune NAP on the embedded CLIP and its photographs, then attack it and vanilla CLIP with PGD-100. Takes a few minutes on two cores.',
		load: async () => (await import('./commands/demo.js')).addDemoCommand,
	},
	{
		term: 'tune [options]',
		description: 'Tune a defense: adversarial few-shot tuning of a CLIP whose own weights stay frozen.',
		load: async () => (await import('./commands/tune.js')).addTuneCommand,
	},
	{
		term: 'evaluate [options] <run>',
		description:
			'Attack a tuned model and count the images that it still classifies correctly, with vanilla CLIP under the same attack as the control. Each level of attacker knowledge is a row. A stopped evaluation resumes where it stopped, and a finished row is read from its record.',
		load: async () => (await import('./commands/evaluate.js')).addEvaluateCommand,
	},
	{
		term: 'audit [options] <run>',
		description:
			'Check whether the measured robustness of a tuned run is real: whether gradients, attacks and the control behave as they should when nothing hides the gradient. Writes a record; a stopped audit resumes where it stopped. Exits with 3 if a check fails.',
		load: async () => (await import('./commands/audit.js')).addAuditCommand,
	},
	{
		term: 'attack [options] [photo]',
		description:
			'Attack any ONNX image classifier, or a zero-shot CLIP or SigLIP, with its own gradient, and count the images that it still classifies correctly. An ONNX file needs no preparation: naptune guesses what the file does not say about its input, and notes each guess. A stopped attack resumes where it stopped.',
		load: async () => (await import('./commands/attack.js')).addAttackCommand,
	},
	{
		term: 'gate',
		description:
			'Decide whether a tuned run, an export or any ONNX classifier may be released: attack it as naptune.gate.json says, and compare it with a baseline. Exits with 3 if a check fails, and with 1 if the time budget runs out.',
		load: async () => (await import('./commands/gate.js')).addGateCommand,
	},
	{
		term: 'compare [options]',
		description:
			'Tune every method with the same budget, attack each one and vanilla CLIP, and print one table. A stopped comparison resumes where it stopped.',
		load: async () => (await import('./commands/compare.js')).addCompareCommand,
	},
	{
		term: 'reproduce [options] <experiments...>',
		description:
			"Reproduce the paper's tables and figures: tune every method on every data set, attack each one, and write tables, figures and a report. A stopped or killed call resumes where it stopped; cells that experiments share are computed once.",
		load: async () => (await import('./commands/reproduce.js')).addReproduceCommand,
	},
	{
		term: 'data',
		description: 'List the named data sets, and check whether one is complete.',
		load: async () => (await import('./commands/data.js')).addDataCommand,
	},
	{
		term: 'defenses [options]',
		description: 'List the defenses: what each one trains, its parameters on a model, its loss and its source.',
		load: async () => (await import('./commands/defenses.js')).addDefensesCommand,
	},
	{
		term: 'distortion [options] <run>',
		description:
			'Measure, layer by layer, how far a perturbation moves the image tokens of a tuned model, before and after its refiners, and those of vanilla CLIP: under an attack on either model, and under noise of the same size. Writes a record and a figure into the run.',
		load: async () => (await import('./commands/distortion.js')).addDistortionCommand,
	},
	{
		term: 'generate [options] <store>',
		description:
			'Make adversarial images on surrogate models, without access to the target model, and store them once to try on any model. A stopped command resumes where it stopped; a larger --limit adds images.',
		load: async () => (await import('./commands/generate.js')).addGenerateCommand,
	},
	{
		term: 'inspect [options] <run>',
		description:
			'Describe a tuning run: method, model, data, settings, shapes through both towers, parameters, and the learning curves so far. Also works while the run is in progress.',
		load: async () => (await import('./commands/inspect.js')).addInspectCommand,
	},
	{
		term: 'report [options] <source>',
		description:
			'Write a report as one self-contained HTML file: results, figures, protocol, provenance and the commands that repeat it. Figures (SVG, PNG) and tables (Markdown, CSV, LaTeX, JSON) are written beside it.',
		load: async () => (await import('./commands/report.js')).addReportCommand,
	},
	{
		term: 'classify [options] <image...>',
		description: 'Classify pictures with a tuned run, or zero-shot with a CLIP and class names.',
		load: async () => (await import('./commands/classify.js')).addClassifyCommand,
	},
	{
		term: 'serve [options] <source>',
		description:
			'Serve a tuned run or an exported classifier over HTTP. On SIGTERM or Ctrl-C it answers the requests under way, then ends.',
		load: async () => (await import('./commands/serve.js')).addServeCommand,
	},
	{
		term: 'export [options] <run>',
		description:
			'Export a tuned model as files that onnxruntime and transformers.js load. The files themselves are measured, clean and under attack, before they are put in place; the model card is written from the records.',
		load: async () => (await import('./commands/export.js')).addExportCommand,
	},
	{
		term: 'calibrate [options] <run>',
		description:
			"Measure how heavily a run's refiners correct clean validation images, so that classify can flag unusual pictures; with --attack, also measure whether that score detects attacks on test images.",
		load: async () => (await import('./commands/calibrate.js')).addCalibrateCommand,
	},
	{
		term: 'retrieve [options] <run>',
		description:
			'Retrieve captions by image and images by caption, clean and with every image attacked, with vanilla CLIP under the same attack as the control. A stopped retrieval resumes where it stopped.',
		load: async () => (await import('./commands/retrieve.js')).addRetrieveCommand,
	},
	{
		term: 'pretrain [options]',
		description:
			'Pre-train a small CLIP from scratch by a recipe: contrastive learning on CIFAR-10 images and generated captions. Resumes an earlier run in the same folder automatically.',
		load: async () => (await import('./commands/pretrain.js')).addPretrainCommand,
	},
	{
		term: 'surrogate',
		description: "Train the attacker's own models, which transfer attacks use.",
		load: async () => (await import('./commands/surrogate.js')).addSurrogateCommand,
	},
	{
		term: 'doctor [options]',
		description:
			'Examine this installation: engines and their location, devices, processor, memory, caches, free disk, and whether the engine computes correctly. Exits with 3 if something cannot work.',
		load: async () => (await import('./commands/doctor.js')).addDoctorCommand,
	},
	{
		term: 'bench',
		description: 'Measure the speed of this machine.',
		load: async () => (await import('./commands/bench.js')).addBenchCommand,
	},
]
