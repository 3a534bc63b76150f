/** All functions with which graphs are written. */

export * from './builders.js'
export * from './compositions.js'
