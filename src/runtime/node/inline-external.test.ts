import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ops, serializeModel } from '../../onnx/index.js'
import { inlineExternal } from './inline-external.js'

let folder: string
beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), 'naptune-inline-'))
	writeFileSync(join(folder, 'w.bin'), new Uint8Array(Float32Array.of(0, 1.5, 2.5).buffer))
})
afterAll(() => rmSync(folder, { recursive: true }))

const model = (offset: number) => {
	const weight = ops.external('w', 'float32', [2], { file: join(folder, 'w.bin'), offset, length: 8 })
	return serializeModel({ y: ops.add(ops.input('x', 'float32', [2]), weight) }).bytes
}

it('stores the slice and drops the reference', () => {
	const inlined = Buffer.from(inlineExternal(model(4), [join(folder, 'w.bin')]))
	expect(inlined.includes(Buffer.from(Float32Array.of(1.5, 2.5).buffer))).toBe(true)
	expect(inlined.includes('w.bin')).toBe(false)
})

it('leaves other files alone', () => {
	expect(inlineExternal(model(4), [join(folder, 'v.bin')])).toEqual(model(4))
})

it('says when the file is too short', () => {
	expect(() => inlineExternal(model(8), [join(folder, 'w.bin')])).toThrow(/w\.bin ends before byte 16/)
})
