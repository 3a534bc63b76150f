/** `naptune doctor`: checks whether this installation works. */

import type { Command } from 'commander'
import { doctor } from '../../jobs/doctor.js'
import { addSharedOptions, type SharedOptions } from '../options/shared-options.js'
import { runJob } from '../run-job.js'
import { doctorText } from '../text/doctor-text.js'

export function addDoctorCommand(program: Command): void {
	addSharedOptions(program.command('doctor').description(doctor.doc))
		.addHelpText(
			'after',
			`
Examples:
  $ naptune doctor
  $ naptune doctor --device webgpu
  $ naptune doctor --json`,
		)
		.action((options: SharedOptions) =>
			runJob(doctor, options, {
				input: {},
				text: doctorText,
				failed: ({ problems }) => problems.some(({ severity }) => severity === 'error'),
			}),
		)
}
