/** Detects the format of a file from its first bytes, for messages and decoding. */

/** Supported formats. */
export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'gif' | 'tiff' | 'avif'

/** The formats as people write them, for messages. */
export const readableFormats = 'JPEG, PNG, WebP, GIF, TIFF or AVIF'

/** Patterns of the first bytes in hexadecimal; two dots are any byte. */
const decoded: readonly (readonly [ImageFormat, RegExp])[] = [
	['jpeg', /^ffd8ff/],
	['png', /^89504e470d0a1a0a/],
	['webp', /^52494646.{8}57454250/],
	['gif', /^47494638(37|39)61/],
	['tiff', /^(4949(2a|2b)00|4d4d00(2a|2b))/],
	['avif', /^.{8}66747970617669(66|73)/],
]

/** Known formats that are not supported. */
const others: readonly (readonly [string, RegExp])[] = [
	['BMP', /^424d.{8}00000000/],
	['PNM (PBM, PGM or PPM)', /^503[1-7](20|09|0a|0d|23)/],
	['PFM', /^50(46|66)(20|09|0a|0d)/],
	['JPEG 2000', /^(0000000c6a502020|ff4fff51)/],
	['JPEG XL', /^(ff0a|0000000c4a584c20)/],
	['JPEG XR', /^4949bc/],
	['HEIC', /^.{8}66747970(686569(63|78|6d|73)|686576(63|78))/],
	['HEIF', /^.{8}66747970(6d696631|6d736631)/],
	['ICO', /^0000(01|02)00(?!00)..00/],
	['ICNS', /^69636e73/],
	['Photoshop (PSD)', /^38425053/],
	['SGI', /^01da(00|01)(01|02)/],
	['DDS', /^44445320/],
	['QOI', /^716f6966/],
	['PCX', /^0a0[0-5]010[1248]/],
	['TGA', /^..(00|01)(01|02|03|09|0a|0b).{26}(08|0f|10|18|20)/],
	['PDF', /^255044462d/],
	['PostScript', /^(252150532d|c5d0d3c6)/],
]
const texts: readonly (readonly [string, RegExp])[] = [
	['SVG', /^\s*(<\?xml.*|<!--.*|<!DOCTYPE svg.*)?<svg/is],
	['HTML', /^\s*(<!doctype html|<html)/i],
]

/** The format, if it is supported. */
export function imageFormat(bytes: Uint8Array): ImageFormat | undefined {
	return found(decoded, start(bytes, 'hex'))
}

/** The name of an unsupported format; `undefined` if the bytes match no known format. */
export function otherFormat(bytes: Uint8Array): string | undefined {
	return found(others, start(bytes, 'hex')) ?? found(texts, start(bytes, 'utf8').replace(/^\ufeff/, ''))
}

function start(bytes: Uint8Array, encoding: 'hex' | 'utf8'): string {
	return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 512)).toString(encoding)
}

function found<Name>(formats: readonly (readonly [Name, RegExp])[], text: string): Name | undefined {
	return formats.find(([, pattern]) => pattern.test(text))?.[0]
}
