/** See the jobs' `measure`. */

export { measure } from '../jobs/common/measure.js'
