/** The process that copies a file: it gets its task in a message, sends the code of a failure, and ends. */
import { constants } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { codeOf } from '../../../errors.ts'
import type { CopyTask } from './messages.ts'

process.once('message', ({ from, to }: CopyTask) => {
  copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL).then(
    () => process.exit(0),
    (error: unknown) => process.send?.(codeOf(error) ?? String(error), () => process.exit(1)),
  )
})
// The gateway has gone: nobody waits for the copy, and the next one deletes it.
process.once('disconnect', () => process.exit(1))
