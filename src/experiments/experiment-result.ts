/**
 * What an experiment found: cells of a table or points of a figure, each made of records of evaluations. Tables, figures and
 * the report are made of this and of the records that it names, of nothing else. JSON.
 */

import type { PreparedAttack } from '../attacks/attack-definition.js'
import type { ThreatModel } from '../attacks/sets/threat-model.js'
import type { Accuracy, StageResult } from '../evaluation/robustness/evaluate.js'

/** A row of the paper's tables: clean images, or an attack. */
export interface Condition {
	/** Such as `clean`, `cwa`, `pgd`, `autoattack`. */
	readonly name: string
	/** What a reader sees, such as `AutoAttack`. */
	readonly title: string
	/** Missing for clean images. */
	readonly attack?: Pick<PreparedAttack, 'name' | 'attack' | 'source' | 'options'>
	readonly threatModel?: ThreatModel
	/** `table` rows stand in tables and ablation curves; `epsilon-curve` ones are points of robust accuracy over epsilon. */
	readonly role: 'table' | 'epsilon-curve'
}

/** A method, or a variant of one. */
export interface Method {
	/** Such as `vanilla` or `nap`. */
	readonly name: string
	/** As papers write it, such as `AdvPT-VLI`. */
	readonly title: string
}

/** The option that an ablation varies. */
export interface Axis {
	/** Such as `shots`. */
	readonly name: string
	/** With unit, such as `training images per class`. */
	readonly title: string
	/** Numbers in ascending order. */
	readonly values: readonly number[]
	/** How values are written where not as numbers: `1/255`. Same length. */
	readonly labels?: readonly string[]
	readonly scale: 'linear' | 'log'
}

/** A cell measured with one seed. */
export interface SeedResult {
	readonly seed: number
	readonly images: number
	readonly accuracy: Accuracy
	/** Of an attack with several. */
	readonly stages?: readonly StageResult[]
	/**
	 * Path of the evaluation's record, below the folder of all experiments, or below that of an experiment whose runs have
	 * folders by method; with forward slashes.
	 */
	readonly record: string
	/** Folder of the tuning run there; missing for vanilla. */
	readonly run?: string
	readonly tuningSeconds: number
	readonly evaluationSeconds: number
}

/** One number of a table or figure. */
export interface Cell {
	readonly model: string
	readonly dataset: string
	readonly method: string
	readonly condition: string
	/** Value on the axis; missing without one, and for methods that do not depend on it. */
	readonly point?: number
	/** In the order of their seeds; at least one. */
	readonly seeds: readonly SeedResult[]
	/** Test images, the same ones for every seed. */
	readonly images: number
	/** Of the method on this model; missing in older results. */
	readonly trainableParameters?: number
	/** Mean over seeds, in [0, 1]. */
	readonly accuracy: number
	/** 95 % Wilson interval of the mean, counting every image once however many seeds there are. */
	readonly interval: readonly [number, number]
	/** Sample standard deviation over seeds; missing for one seed. */
	readonly deviation?: number
	/** Beside the reference method on the same images in the same condition, model, data set and point; see {@link PairedResult}. */
	readonly paired?: PairedResult
	/** The paper's number and ours minus it, in percent and percentage points. */
	readonly target?: { readonly paper: number; readonly difference: number }
}

/** A method beside the reference on the same images. */
export interface PairedResult {
	readonly reference: string
	/** Images that only this method, and only the reference, gets right; of the first seed. */
	readonly onlyThis: number
	readonly onlyReference: number
	/** Exact two-sided McNemar p-value of the first seed. */
	readonly p: number
	/** Accuracy minus the reference's, mean over seeds, with its 95 % interval from a paired bootstrap over images. */
	readonly difference: number
	readonly interval: readonly [number, number]
}

/** The mean of a method's cells over data sets, as the paper's last column should be. */
export interface Average {
	readonly model: string
	readonly method: string
	readonly condition: string
	readonly point?: number
	/** Data sets that are in the mean. */
	readonly datasets: number
	/** Mean of the cells' accuracies, in [0, 1]. */
	readonly accuracy: number
	/** What the paper prints, and what the mean of its cells is, in percent; over all eleven data sets. */
	readonly target?: { readonly stated?: number; readonly recomputed: number }
}

/** A cell that could not be measured. */
export interface Problem {
	readonly model: string
	readonly dataset: string
	readonly method?: string
	readonly condition?: string
	readonly point?: number
	readonly seed?: number
	/** What went wrong and what to do, as the error said it. */
	readonly message: string
}

/** A finished experiment, or the part of it that could be measured. */
export interface ExperimentResult {
	readonly format: 1
	readonly name: string
	readonly version: number
	readonly title: string
	/** What it measures and how it differs from the paper; sentences. */
	readonly doc: string
	/** Whether it ran as the small experiment on the embedded model and data. */
	readonly quick: boolean
	/** `table`: conditions by methods by data sets. `curve`: accuracy over an axis. `matrix`: axis by conditions, such as epsilons. */
	readonly layout: 'table' | 'curve' | 'matrix'
	/** The definition as it ran, with everything that was chosen on the command line but thread and batch sizes. */
	readonly definition: Readonly<Record<string, unknown>>
	readonly models: readonly string[]
	/** Those that are measured, in the paper's order, and those that are left out, with the reason. */
	readonly datasets: readonly string[]
	readonly missing: readonly { readonly dataset: string; readonly reason: string }[]
	readonly methods: readonly Method[]
	readonly conditions: readonly Condition[]
	readonly axis?: Axis
	/** Method that others are paired with; missing where there is none. */
	readonly reference?: string
	readonly seeds: readonly number[]
	readonly cells: readonly Cell[]
	readonly averages: readonly Average[]
	readonly problems: readonly Problem[]
	/** Folders of tuning runs whose learning curves, distortion and gallery the report shows, below the folder of all experiments. */
	readonly shown: readonly { readonly method: string; readonly run: string; readonly dataset: string }[]
	readonly provenance: {
		readonly naptune: string
		readonly engine: string
		readonly device: string
		readonly threads: number
		/** SHA-256 of the weights by model. */
		readonly weights: Readonly<Record<string, string>>
		/** Wall-clock time of all cells, tuning and attacks, wherever they were computed; of attacks cut off, the last part. */
		readonly seconds: number
	}
}
