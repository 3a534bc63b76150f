/** naptune/images: operations on decoded pictures: resize, crop, colour, augmentation, pixel values for a model. */

export {
	type RandomResizedCrop,
	randomCropWithPadding,
	randomlyCropped,
	randomlyShifted,
	randomResizedCrop,
	randomWindow,
} from './augment.js'
export { bilinearCrop } from './bilinear-crop.js'
export { gaussianBlur } from './blur.js'
export { type ColourJitter, jitterColours, makeGrey } from './colour-jitter.js'
export type { DecodedImage } from './decoded-image.js'
export { crop, mirror, unitPixels, writeUnitPixels } from './pixels.js'
export { type Preparation, type PreparedImage, preparedPicture, preprocess, resizedSize } from './preprocess.js'
export { type Filter, filters, type Resample } from './resample-filters.js'
export { resampleTaps, type Taps } from './resample-taps.js'
export { resize, type Size, type Window } from './resize.js'
export { type ImageView, isFixed, type PreparedView, type StreamName, viewOf } from './view.js'
