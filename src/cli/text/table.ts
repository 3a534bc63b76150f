/** Tables of text for a terminal. */

export { type Column, textTable } from '../../report/text-table.js'
