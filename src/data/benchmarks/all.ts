/** All published data sets. Adding one takes a file and a line here. */

import type { Benchmark } from './benchmark.js'
import { caltech101 } from './caltech101.js'
import { dtd } from './dtd.js'
import { eurosat } from './eurosat.js'
import { fgvcAircraft } from './fgvc-aircraft.js'
import { food101 } from './food101.js'
import { imagenet, imagenet1000 } from './imagenet.js'
import { oxfordFlowers } from './oxford-flowers.js'
import { oxfordPets } from './oxford-pets.js'
import { stanfordCars } from './stanford-cars.js'
import { sun397 } from './sun397.js'
import { ucf101 } from './ucf101.js'

/** The published data sets, in the order of the paper's tables. */
export const benchmarks: readonly Benchmark[] = [
	imagenet,
	imagenet1000,
	caltech101,
	dtd,
	eurosat,
	fgvcAircraft,
	food101,
	oxfordFlowers,
	oxfordPets,
	stanfordCars,
	sun397,
	ucf101,
]
