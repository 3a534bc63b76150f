/** naptune/export: models as folders that other programs load. */

export type { ExportInput, ExportOptions } from './export-input.js'
export { exportRun } from './export-run.js'
export { exportedProgram, pixelValuesOf } from './exported-program.js'
export { graphOf, isExport, type LoadedExport, loadExport } from './load-export.js'
