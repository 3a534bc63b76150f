/** Lists all jobs; a new job needs its file and one line here. */

import type { z } from 'zod'
import { attack } from './attack.js'
import { attackPhoto } from './attack-photo.js'
import { audit } from './audit.js'
import { benchGradient } from './bench-gradient.js'
import { benchLoading } from './bench-loading.js'
import { calibrate } from './calibrate.js'
import { classify } from './classify.js'
import { compare } from './compare.js'
import { dataDoctor } from './data-doctor.js'
import { dataList } from './data-list.js'
import { defenses } from './defenses.js'
import { demo } from './demo.js'
import { distortion } from './distortion.js'
import { doctor } from './doctor.js'
import { evaluate } from './evaluate.js'
import { exportModel } from './export-model.js'
import { gate } from './gate.js'
import { gateInit } from './gate-init.js'
import { generate } from './generate.js'
import { inspect } from './inspect.js'
import { pretrain } from './pretrain.js'
import { report } from './report.js'
import { reproduce } from './reproduce.js'
import { reproducePlan } from './reproduce-plan.js'
import { reproduceShard } from './reproduce-shard.js'
import { retrieve } from './retrieve.js'
import { serve } from './serve.js'
import { surrogateHead } from './surrogate-head.js'
import { surrogateSubstitute } from './surrogate-substitute.js'
import { surrogateTrain } from './surrogate-train.js'
import { tune } from './tune.js'
import { verifyRecord } from './verify-record.js'

/** The description of a job that has not run. */
export interface JobDescription {
	readonly jobName: string
	readonly doc: string
	readonly input: z.ZodType
	readonly result: z.ZodType
}

/** All jobs. */
export const jobs: readonly JobDescription[] = [
	attack,
	attackPhoto,
	audit,
	benchGradient,
	benchLoading,
	calibrate,
	classify,
	compare,
	dataDoctor,
	dataList,
	defenses,
	demo,
	distortion,
	doctor,
	evaluate,
	exportModel,
	gate,
	gateInit,
	generate,
	inspect,
	pretrain,
	report,
	reproduce,
	reproducePlan,
	reproduceShard,
	retrieve,
	serve,
	surrogateHead,
	surrogateSubstitute,
	surrogateTrain,
	tune,
	verifyRecord,
]
