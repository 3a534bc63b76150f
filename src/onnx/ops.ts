/** All functions that build graphs. */

export * from './builders.js'
export * from './compositions.js'
