/** Settings of feeds of the kind `files`. */
import { z } from 'zod'
import { commonSettings } from './common.ts'

export const fileFormat = z
  .enum(['jsonl', 'parquet'])
  .default('jsonl')
  .describe('`jsonl`: one JSON object per line. `parquet`: Parquet with zstd.')

export const filesFeed = z.strictObject({
  kind: z.literal('files').describe('a directory of JSON lines or Parquet, by day and hour.'),
  directory: z
    .string()
    .min(1)
    .describe(
      'Directory of the files, relative to the configuration file, only for this feed. It is created if it is missing; its parent directory must exist.',
    ),
  format: fileFormat,
  ...commonSettings('1m'),
})
