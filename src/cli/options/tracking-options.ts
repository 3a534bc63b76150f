/** Options of commands that report their run to TensorBoard and MLflow. */

import { type Command, InvalidArgumentError } from 'commander'
import { mlflowServer } from '../../tracking/mlflow-client.js'
import { Option } from './option.js'

/** Adds `--tensorboard` and `--mlflow`. */
export function trackingOptions(command: Command): Command {
	return command
		.addOption(new Option('--tensorboard <folder>', 'write TensorBoard events, one folder per run (default: none)'))
		.addOption(
			new Option('--mlflow <url>', 'report the run to an MLflow server (default: none)').argParser((text) => {
				try {
					mlflowServer(text, process.env)
					return text
				} catch (error) {
					throw new InvalidArgumentError((error as Error).message)
				}
			}),
		)
}
