/**
 * What can go wrong, by code: stable names that scripts can rely on, each with what it means and what to do. docs/errors.md
 * is made of them.
 */

/** What a code means and what to do about it, a sentence each. */
interface ErrorKind {
	readonly means: string
	readonly advice: string
}

/** All codes. A name stays once it is published; messages may be worded anew. */
export const errorCodes = {
	// The call.
	NAP_USAGE: {
		means: 'The command line is wrong: an unknown command or option, or a value that is missing or malformed.',
		advice: 'Add --help for the options and an example.',
	},
	NAP_OPTION_INVALID: {
		means: 'An option or setting has a value that is not usable.',
		advice: 'Give one that the message names.',
	},
	NAP_OPTION_UNKNOWN: {
		means: 'There is no option or setting of this name.',
		advice: 'Use one of the names that the message lists.',
	},
	NAP_OPTION_MISSING: {
		means: 'Something that this work needs was not given.',
		advice: 'Give the option that the message names.',
	},
	NAP_OPTION_CONFLICT: {
		means: 'Options were given together that exclude one another, or of which one decides nothing beside the other.',
		advice: 'Leave one of them out.',
	},
	NAP_NAME_UNKNOWN: {
		means: 'There is no class, attack, method, preset, experiment or device of this name.',
		advice: 'Use one of the names that the message lists.',
	},
	NAP_ARGUMENT_INVALID: {
		means: 'A function of the library was called with a value that it cannot take.',
		advice: 'Call it as its documentation says.',
	},
	NAP_INPUT_UNSUITABLE: {
		means: 'What was given can be read, but is not what this work is for.',
		advice: 'Give what the message names.',
	},
	NAP_ATTACK_UNSUITABLE: {
		means: 'The attack does not suit the model, the norm or what its attacker may know.',
		advice: 'Choose the attack or the knowledge that the message names.',
	},

	// Data.
	NAP_DATA_UNKNOWN: {
		means: 'There are no data of this name, and no folder or file of this path.',
		advice: 'Check the path; naptune data list names the data sets.',
	},
	NAP_DATA_MISSING: {
		means: 'Some of the data are not there: folders, files, or images that belong to them.',
		advice: 'Run naptune data doctor, which says what is missing and where to get it.',
	},
	NAP_DATA_INVALID: {
		means:
			'The data cannot be used as they are: their classes, splits or entries contradict one another or are too few.',
		advice: 'Change what the message names.',
	},
	NAP_DATA_EMPTY: {
		means: 'There are no images, or too few, for this work.',
		advice: 'Choose another split or more images.',
	},
	NAP_DATA_CHANGED: {
		means: 'The data are not those that a run or a store was made of.',
		advice: 'Restore them, or make it again.',
	},
	NAP_CLASSES_MISMATCH: {
		means: 'The classes of the data are not those of the model.',
		advice: 'Name the classes as the message says, or give data of the same classes.',
	},
	NAP_IMAGE_DAMAGED: {
		means: 'An image cannot be read: it is damaged, empty, or no image.',
		advice: 'Replace or remove it; --unreadable exclude leaves such images out and records that.',
	},

	// Files.
	NAP_FILE_MISSING: {
		means: 'A file or folder that was named is not there.',
		advice: 'Check the path.',
	},
	NAP_FILE_UNREADABLE: {
		means: 'The system refuses to read a file or folder.',
		advice: 'Check its permissions and the disk.',
	},
	NAP_FILE_UNWRITABLE: {
		means: 'A file or folder cannot be written; nothing was lost of what was there.',
		advice: 'Make room, change permissions, or give another place.',
	},
	NAP_FILE_INVALID: {
		means: 'A file does not hold what it should.',
		advice: 'Repair it as the message says, or give another.',
	},
	NAP_FILE_DAMAGED: {
		means: 'A file is not what was written: its checksum differs, or a part of it is gone.',
		advice: 'Restore it, or make it again as the message says.',
	},

	// Models.
	NAP_MODEL_MISSING: {
		means: 'There is no checkpoint at this place, and it is not an id of the hub.',
		advice: 'Give the folder of a checkpoint, or an id such as openai/clip-vit-base-patch32.',
	},
	NAP_MODEL_INVALID: {
		means: 'The files of a checkpoint are incomplete, disagree with one another, or hold values that are not finite.',
		advice: 'Take all files from one and the same checkpoint.',
	},
	NAP_MODEL_DIFFERS: {
		means: 'The weights are not those that the run was tuned on.',
		advice: 'Give the same checkpoint with --model.',
	},
	NAP_TEXT_UNSUITABLE: {
		means: 'A text has more tokens than the model reads.',
		advice: 'Shorten it.',
	},
	NAP_VALUES_NOT_FINITE: {
		means: 'A model gives values that are not numbers.',
		advice: 'Use another checkpoint, or tune again: weights or parameters are damaged or diverged.',
	},
	NAP_ONNX_INVALID: {
		means: 'An ONNX model is damaged, incomplete, or contradicts itself.',
		advice: 'Export it again.',
	},
	NAP_ONNX_UNSUPPORTED: {
		means: 'An ONNX model uses an operator, or a form of one, that is not supported here.',
		advice: 'Export it otherwise, as the message says.',
	},
	NAP_GRAPH_INVALID: {
		means: 'A graph was put together wrongly: shapes, types or names do not fit.',
		advice: 'Change the operation that the message names.',
	},
	NAP_GRADIENT_UNSUPPORTED: {
		means: 'This operation has no gradient.',
		advice: 'Use operations with gradients, or take the gradient of another model (bpdaClassifier).',
	},

	// Runs and records.
	NAP_RUN_MISSING: {
		means: 'The folder holds no tuning run.',
		advice: 'Give the --output folder of naptune tune.',
	},
	NAP_RUN_UNFINISHED: {
		means: 'The run has not come far enough for this.',
		advice: 'Finish it with naptune tune --resume and the same options.',
	},
	NAP_RUN_DIFFERS: {
		means: 'The folder or file to write to holds another run or training than the one that was asked for.',
		advice: 'Use the same settings to go on with it, or another folder.',
	},
	NAP_RECORD_INVALID: {
		means: 'A file is no record of its kind that this version reads.',
		advice: 'Restore it, or measure again.',
	},
	NAP_RECORD_CHANGED: {
		means: 'A record contradicts itself, so it was changed after it was written.',
		advice: 'Restore it, or measure again.',
	},
	NAP_MEASUREMENT_FAILED: {
		means: 'Nothing that was asked for could be measured.',
		advice: 'Remove the reasons that the message lists.',
	},
	NAP_EXPORT_REFUSED: {
		means:
			'A model was not exported, because the export would not be what it claims: the run is bad, or the files are worse.',
		advice: 'Do what the message says; nothing was written.',
	},
	NAP_TRAINING_FAILED: {
		means: 'Training cannot go on: values are not finite, or every image gets the same answer.',
		advice: 'Lower the learning rate, or change what the message names; the last good state is kept.',
	},

	// The engine.
	NAP_DEVICE_UNAVAILABLE: {
		means: 'This machine, or this build, cannot run graphs on the device.',
		advice: 'Install its libraries and drivers, or use --device cpu or wasm.',
	},
	NAP_ENGINE_FAILED: {
		means: 'The engine could not compile or run a graph.',
		advice: 'Give it more memory or smaller batches; if that is not it, report it with the message.',
	},
	NAP_ENGINE_CLOSED: {
		means: 'Something was used after it was closed or released.',
		advice: 'Create another one.',
	},
	NAP_FEED_INVALID: {
		means: 'A program was run with tensors that it does not accept.',
		advice: 'Feed what the message names.',
	},

	// The hub.
	NAP_HUB_UNREACHABLE: {
		means: 'The hub gives no usable answer, and what was asked for is not cached.',
		advice: 'Check the connection and HF_ENDPOINT, or give a folder.',
	},
	NAP_HUB_REFUSED: {
		means: 'The hub refuses: there is no such repository or revision, or no right to read it.',
		advice: 'Check the name and revision, and HF_TOKEN.',
	},
	NAP_DOWNLOAD_DAMAGED: {
		means: 'A download is not what the hub announced: shorter, longer, or of another content.',
		advice: 'Try again; where it stays so, check HF_ENDPOINT.',
	},

	// The server.
	NAP_ADDRESS_UNAVAILABLE: {
		means: 'The server cannot listen at this address: it is taken, not of this machine, or not allowed.',
		advice: 'Choose another --port or --host.',
	},
	NAP_REQUEST_INVALID: {
		means: 'A request to the server is malformed, or asks for what the server does not have.',
		advice: 'Send what /openapi.json describes.',
	},
	NAP_REQUEST_TOO_LARGE: {
		means: 'A request to the server brings more bytes or more pictures than one may.',
		advice: 'Send smaller pictures or fewer at a time; GET /v1/model tells the limits.',
	},
	NAP_REQUEST_REFUSED: {
		means:
			'The server does not answer whoever asks: the token is missing or wrong, or the request comes from another site.',
		advice: 'Send the token as Authorization: Bearer TOKEN, to the address that the server was given.',
	},
	NAP_SERVER_BUSY: {
		means: 'The server has as much work as it may hold, is still loading, or stops.',
		advice: 'Send the request again after the seconds that Retry-After names.',
	},

	// The end.
	NAP_STOPPED: {
		means: 'The work was stopped by a signal, or by the caller; what was done is saved where the message says so.',
		advice: 'Repeat the same call: it resumes where it stopped.',
	},
	NAP_INTERNAL: {
		means: 'A fault in naptune itself.',
		advice: 'Report it with the lines that were printed and what you ran.',
	},
} as const satisfies Readonly<Record<string, ErrorKind>>

/** A name of {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes
