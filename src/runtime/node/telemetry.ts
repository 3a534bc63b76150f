/** Disables the telemetry of onnxruntime-node. */

/**
 * Turns telemetry off, unless the environment says otherwise. Since 1.30 the Linux build keeps a device id in the user's
 * cache folder and uploads usage events; to describe the process it also reads the command line with a recursive regular
 * expression, which overflows the stack of a worker when the command line is longer than about 15,000 characters. Must be
 * called on the main thread, whose environment native code sees, before the library is loaded.
 */
export function refuseTelemetry(): void {
	process.env.ORT_DISABLE_TELEMETRY ??= '1'
}
