/**
 * The commands, in the order of the help. Adding one is an entry here and a module in `commands/`, which is loaded when the
 * command is asked for: the help of all of them, errors and the version load none.
 */

import type { Command } from 'commander'

/** A command as the list of commands shows it. */
export interface ListedCommand {
	/** Name, `[options]` where it has some, and arguments: as commander writes them. */
	readonly term: string
	/** What the command's own help begins with, too; a test compares them. */
	readonly description: string
	/** Loads what adds the command to a program. */
	load(): Promise<(program: Command) => void>
}

/** Name of a command. */
export function nameOf({ term }: ListedCommand): string {
	return term.split(' ', 1).join()
}

/** All commands. */
export const commandList: readonly ListedCommand[] = [
	{
		term: 'demo [options]',
		description:
			'Tune NAP on the embedded CLIP and photographs, then attack it and vanilla CLIP with PGD-100; a few minutes on two cores.',
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
			'Attack a tuned model and count what it still gets right; vanilla CLIP under the same attack is the control. Each level of attacker knowledge gives a row. A stopped evaluation resumes where it stopped; finished rows come from their records.',
		load: async () => (await import('./commands/evaluate.js')).addEvaluateCommand,
	},
	{
		term: 'audit [options] <run>',
		description:
			'Check whether the measured robustness of a tuned run is real: whether gradients, attacks and the control behave as they must where nothing hides the gradient. Writes a record; a stopped audit resumes where it stopped. Exits with 3 when a check fails.',
		load: async () => (await import('./commands/audit.js')).addAuditCommand,
	},
	{
		term: 'attack [options] [photo]',
		description:
			'Attack any ONNX image classifier, or a zero-shot CLIP or SigLIP, with its own gradient, and count what it still gets right. An ONNX file needs no preparation; naptune guesses what the file does not say about its input, and notes the guess. A stopped attack resumes where it stopped.',
		load: async () => (await import('./commands/attack.js')).addAttackCommand,
	},
	{
		term: 'gate',
		description:
			'Decide whether a tuned run, an export or any ONNX classifier may be released: attack it as naptune.gate.json prescribes, and compare it with a baseline. Exits with 3 when a check fails, with 1 when the time budget ends first.',
		load: async () => (await import('./commands/gate.js')).addGateCommand,
	},
	{
		term: 'compare [options]',
		description:
			'Tune every method with the same budget, attack all of them and vanilla CLIP, and print one table. A stopped comparison resumes where it stopped.',
		load: async () => (await import('./commands/compare.js')).addCompareCommand,
	},
	{
		term: 'reproduce [options] <experiments...>',
		description:
			"Run the paper's tables and figures: tune every method on every data set, attack all of them, and write tables, figures and a report. A stopped or killed call resumes where it stopped; experiments compute shared cells once.",
		load: async () => (await import('./commands/reproduce.js')).addReproduceCommand,
	},
	{
		term: 'data',
		description: 'List the named data sets, and check whether one is complete.',
		load: async () => (await import('./commands/data.js')).addDataCommand,
	},
	{
		term: 'defenses [options]',
		description: 'List the defenses: what each trains, its parameters on a model, its loss and its source.',
		load: async () => (await import('./commands/defenses.js')).addDefensesCommand,
	},
	{
		term: 'distortion [options] <run>',
		description:
			'Measure per layer how far a perturbation moves the image tokens of a tuned model, before and after its refiners, and of vanilla CLIP: under an attack on each model and under noise of the same size. Writes a record and a figure into the run.',
		load: async () => (await import('./commands/distortion.js')).addDistortionCommand,
	},
	{
		term: 'generate [options] <store>',
		description:
			'Make adversarial images on surrogates, without the target model, and store them. Make them once, then try them on any model. A stopped command resumes where it stopped; a larger --limit adds images.',
		load: async () => (await import('./commands/generate.js')).addGenerateCommand,
	},
	{
		term: 'inspect [options] <run>',
		description:
			'Show what a tuning run is: method, model, data, settings, shapes through both towers, parameters, and its learning curves so far. Also works on a run under way.',
		load: async () => (await import('./commands/inspect.js')).addInspectCommand,
	},
	{
		term: 'report [options] <source>',
		description:
			'Write a report as one self-contained HTML file: results, figures, protocol, provenance and how to repeat it. Also writes figures (SVG, PNG) and tables (Markdown, CSV, LaTeX, JSON) beside it.',
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
			'Classify pictures over HTTP with a tuned run or an export. Ends on SIGTERM or Ctrl-C, after it has answered the requests in progress.',
		load: async () => (await import('./commands/serve.js')).addServeCommand,
	},
	{
		term: 'export [options] <run>',
		description:
			'Export a tuned model as files that onnxruntime and transformers.js load. Measures the files themselves, clean and under attack, before it puts them in place, and writes a model card from the records.',
		load: async () => (await import('./commands/export.js')).addExportCommand,
	},
	{
		term: 'calibrate [options] <run>',
		description:
			"Score how heavily a run's refiners correct clean validation images, so that classify can flag unusual pictures; with --attack, measure whether the score detects attacks on test images.",
		load: async () => (await import('./commands/calibrate.js')).addCalibrateCommand,
	},
	{
		term: 'retrieve [options] <run>',
		description:
			'Find captions by images and images by captions, clean and with all images attacked; vanilla CLIP under the same attack is the control. A stopped retrieval resumes where it stopped.',
		load: async () => (await import('./commands/retrieve.js')).addRetrieveCommand,
	},
	{
		term: 'pretrain [options]',
		description:
			'Pre-train a small CLIP from scratch by a recipe: contrastive learning on CIFAR-10 images and sampled captions. Automatically resumes an earlier run in the same folder.',
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
			'Examine this installation: engines and where they come from, devices, processor, memory, caches, free disk, and whether the engine computes correctly. Exits with 3 when something does not work.',
		load: async () => (await import('./commands/doctor.js')).addDoctorCommand,
	},
	{
		term: 'bench',
		description: 'Measure the speed of this machine.',
		load: async () => (await import('./commands/bench.js')).addBenchCommand,
	},
]
