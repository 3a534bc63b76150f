import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { tinyClip } from '../../methods/tuning/tiny.test.support.js'
import { controlDefense } from './control.js'

describe('the control', () => {
	it("is vanilla CLIP with the data set's own template and class names", async () => {
		const clip = await tinyClip(join(await temporaryFolder(), 'model'))
		const of = (name: string) => controlDefense(clip, { name, classNames: ['pug', 'sphynx'] })
		const pets = of('oxford-pets')
		expect(pets).toMatchObject({ name: 'vanilla', classNames: ['pug', 'sphynx'] })
		expect(pets.config).toEqual({ templates: ['a photo of a {}, a type of pet.'] })
		expect(pets.parameters.size).toBe(0)
		expect(of('my photos').config).toEqual({ templates: ['a photo of a {}.'] })
		expect(of('eurosat').prompts.ids).not.toEqual(of('my photos').prompts.ids)
	})
})
