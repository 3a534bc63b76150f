/** Sizes of perturbations as people write them. */

export { epsilonText, sizeText } from '../../records/parts/size-text.js'
