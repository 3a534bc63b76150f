/** The process that reads Parquet files. */

import { answerRequests } from '../../files/isolated/isolated-side.js'
import { readParquet } from './parquet-decoder.js'

answerRequests(readParquet)
