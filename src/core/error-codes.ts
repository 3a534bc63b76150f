/**
 * Every error by its code. Codes are stable names that scripts can rely on; each has a meaning and a piece of advice, which
 * docs/errors.md lists.
 */

/** What a code means and what to do about it, one sentence each. */
interface ErrorKind {
	readonly means: string
	readonly advice: string
}

/** All codes. A published name never changes; its wording may. */
export const errorCodes = {
	// Usage.
	NAP_USAGE: {
		means: 'The command line is wrong: it has an unknown command or option, or a value is missing or malformed.',
		advice: 'Add --help to see the options and an example.',
	},
	NAP_OPTION_INVALID: {
		means: 'An option or setting has an unusable value.',
		advice: 'Use a value that the message suggests.',
	},
	NAP_OPTION_UNKNOWN: {
		means: 'No option or setting has this name.',
		advice: 'Use one of the names in the message.',
	},
	NAP_OPTION_MISSING: {
		means: 'A required input is missing.',
		advice: 'Add the option that the message names.',
	},
	NAP_OPTION_CONFLICT: {
		means: 'The options exclude one another, or one of them has no effect beside another.',
		advice: 'Remove one of them.',
	},
	NAP_NAME_UNKNOWN: {
		means: 'No class, attack, method, preset, experiment or device has this name.',
		advice: 'Use one of the names in the message.',
	},
	NAP_ARGUMENT_INVALID: {
		means: 'A library function received an argument that it cannot use.',
		advice: 'Call it as its documentation describes.',
	},
	NAP_INPUT_UNSUITABLE: {
		means: 'The input is readable, but this command does not work on it.',
		advice: 'Use the kind of input that the message names.',
	},
	NAP_ATTACK_UNSUITABLE: {
		means: 'The attack does not fit the model, the norm, or what its attacker may know.',
		advice: 'Choose an attack or a level of knowledge that the message names.',
	},

	// Data.
	NAP_DATA_UNKNOWN: {
		means: 'No data set has this name, and no folder or file has this path.',
		advice: 'Check the path; naptune data list shows the named data sets.',
	},
	NAP_DATA_MISSING: {
		means: 'Part of the data is missing: folders, files or images.',
		advice: 'Run naptune data doctor: it says what is missing and where to get it.',
	},
	NAP_DATA_INVALID: {
		means: 'The data cannot be used: its classes, splits or entries contradict one another, or are too few.',
		advice: 'Fix what the message names.',
	},
	NAP_DATA_EMPTY: {
		means: 'The command found no images, or too few.',
		advice: 'Choose another split, or add images.',
	},
	NAP_DATA_CHANGED: {
		means: 'The data differs from the data that a run or an image store was made from.',
		advice: 'Restore the original data, or make the run or store again.',
	},
	NAP_CLASSES_MISMATCH: {
		means: 'The classes of the data differ from those of the model.',
		advice: 'Map the classes as the message describes, or use data with the same classes.',
	},
	NAP_IMAGE_DAMAGED: {
		means: 'An image is unreadable: damaged, empty, or not an image.',
		advice: 'Replace or remove it; --unreadable exclude skips such images and records which.',
	},

	// Files.
	NAP_FILE_MISSING: {
		means: 'A file or folder does not exist.',
		advice: 'Check the path.',
	},
	NAP_FILE_UNREADABLE: {
		means: 'The system refused to read a file or folder.',
		advice: 'Check its permissions and the disk.',
	},
	NAP_FILE_UNWRITABLE: {
		means: 'A file or folder could not be written; existing files are intact.',
		advice: 'Free some space, change the permissions, or choose another place.',
	},
	NAP_FILE_INVALID: {
		means: 'A file has unexpected content.',
		advice: 'Repair it as the message says, or use another file.',
	},
	NAP_FILE_DAMAGED: {
		means: 'A file changed after it was written: its checksum differs, or part of it is gone.',
		advice: 'Restore it, or create it again as the message says.',
	},

	// Models.
	NAP_MODEL_MISSING: {
		means: 'No checkpoint exists at this path, and it is not a hub id.',
		advice: 'Give the folder of a checkpoint, or an id such as openai/clip-vit-base-patch32.',
	},
	NAP_MODEL_INVALID: {
		means: 'A checkpoint is incomplete, its files disagree, or it holds non-finite values.',
		advice: 'Take all files from the same checkpoint.',
	},
	NAP_MODEL_DIFFERS: {
		means: 'The weights differ from those that the run was tuned on.',
		advice: 'Give the same checkpoint with --model.',
	},
	NAP_TEXT_UNSUITABLE: {
		means: 'A text has more tokens than the model accepts.',
		advice: 'Shorten it.',
	},
	NAP_VALUES_NOT_FINITE: {
		means: 'A model returned NaN or infinite values.',
		advice: 'Use another checkpoint, or tune again: the weights or parameters are damaged, or training diverged.',
	},
	NAP_ONNX_INVALID: {
		means: 'An ONNX model is damaged, incomplete or inconsistent.',
		advice: 'Export it again.',
	},
	NAP_ONNX_UNSUPPORTED: {
		means: 'An ONNX model uses an operator, or a variant of one, that naptune does not support.',
		advice: 'Export it differently, as the message describes.',
	},
	NAP_GRAPH_INVALID: {
		means: 'A graph is malformed: shapes, types or names do not match.',
		advice: 'Change the operation that the message names.',
	},
	NAP_GRADIENT_UNSUPPORTED: {
		means: 'This operation has no gradient.',
		advice: 'Use differentiable operations, or take the gradient from another model (bpdaClassifier).',
	},

	// Runs and records.
	NAP_RUN_MISSING: {
		means: 'The folder does not contain a tuning run.',
		advice: 'Give the folder that naptune tune wrote (--output).',
	},
	NAP_RUN_UNFINISHED: {
		means: 'The run has not progressed far enough for this command.',
		advice: 'Finish it with naptune tune --resume and the same options.',
	},
	NAP_RUN_DIFFERS: {
		means: 'The output folder or file holds a different run or training.',
		advice: 'Repeat the original settings to continue it, or choose another folder.',
	},
	NAP_RECORD_INVALID: {
		means: 'A file is not a valid record, or not one that this version reads.',
		advice: 'Restore it, or repeat the measurement.',
	},
	NAP_RECORD_CHANGED: {
		means: 'A record contradicts itself, so someone changed it after it was written.',
		advice: 'Restore it, or repeat the measurement.',
	},
	NAP_MEASUREMENT_FAILED: {
		means: 'Nothing could be measured.',
		advice: 'Fix the causes that the message lists.',
	},
	NAP_EXPORT_REFUSED: {
		means:
			'The export was refused because it would not be what it claims: the run is bad, or the exported files do worse than it.',
		advice: 'Follow the message; no files were written.',
	},
	NAP_TRAINING_FAILED: {
		means: 'Training cannot continue: values are not finite, or every image gets the same answer.',
		advice: 'Lower the learning rate, or change what the message names; the last good state is saved.',
	},

	// The engine.
	NAP_DEVICE_UNAVAILABLE: {
		means: 'This machine or build cannot run graphs on the device.',
		advice: 'Install its libraries and drivers, or use --device cpu or wasm.',
	},
	NAP_ENGINE_FAILED: {
		means: 'The engine failed to compile or run a graph.',
		advice: 'Give it more memory or smaller batches; if that does not help, report the message.',
	},
	NAP_ENGINE_CLOSED: {
		means: 'An object was used after it was closed or released.',
		advice: 'Create a new one.',
	},
	NAP_FEED_INVALID: {
		means: 'A program received tensors that it does not accept.',
		advice: 'Pass the tensors that the message names.',
	},

	// The hub.
	NAP_HUB_UNREACHABLE: {
		means: 'The hub gave no usable answer, and the file is not cached.',
		advice: 'Check the connection and HF_ENDPOINT, or use a local folder.',
	},
	NAP_HUB_REFUSED: {
		means: 'The hub refused: the repository or revision does not exist, or you may not read it.',
		advice: 'Check the name and revision, and HF_TOKEN.',
	},
	NAP_DOWNLOAD_DAMAGED: {
		means: 'A download differs from what the hub announced: it is shorter, longer, or has other content.',
		advice: 'Try again; if it keeps happening, check HF_ENDPOINT.',
	},

	// The server.
	NAP_ADDRESS_UNAVAILABLE: {
		means: 'The server cannot listen at this address: it is in use, belongs to another machine, or is not allowed.',
		advice: 'Choose another --port or --host.',
	},
	NAP_REQUEST_INVALID: {
		means: 'A request is malformed, or names something that the server does not have.',
		advice: 'Send a request as /openapi.json describes it.',
	},
	NAP_REQUEST_TOO_LARGE: {
		means: 'A request has more bytes or pictures than the server accepts.',
		advice: 'Send smaller pictures, or fewer at a time; GET /v1/model returns the limits.',
	},
	NAP_REQUEST_REFUSED: {
		means: 'The server rejected the client: the token is missing or wrong, or the request comes from another site.',
		advice: 'Send the token as Authorization: Bearer TOKEN, to the address that the server was started with.',
	},
	NAP_SERVER_BUSY: {
		means: 'The server is at its limit of work, still loading, or stopping.',
		advice: 'Repeat the request after the seconds in Retry-After.',
	},

	// Stopping and faults.
	NAP_STOPPED: {
		means: 'A signal or the caller stopped the work; the message says where finished work is saved.',
		advice: 'Repeat the same call: it resumes where it stopped.',
	},
	NAP_INTERNAL: {
		means: 'There is a bug in naptune itself.',
		advice: 'Report it with the printed lines and the command that you ran.',
	},
} as const satisfies Readonly<Record<string, ErrorKind>>

/** A name of {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes
