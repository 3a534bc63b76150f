/** Options of commands whose run TensorBoard and MLflow can be told of. */

import { type Command, InvalidArgumentError } from 'commander'
import { mlflowServer } from '../../tracking/mlflow-client.js'
import { Option } from './option.js'

/** Adds `--tensorboard` and `--mlflow`. */
export function trackingOptions(command: Command): Command {
	return command
		.addOption(
			new Option('--tensorboard <folder>', 'write events for TensorBoard, in a folder for each run (default: none)'),
		)
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
