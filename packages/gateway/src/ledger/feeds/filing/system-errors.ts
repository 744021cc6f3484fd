import { codeOf } from '../../../errors.ts'

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'its parent does not exist. Make the directory, or mount the file system',
  ENOTDIR: 'a part of the path is a file',
  EACCES: 'the gateway may not write there. Change its owner or mode',
  EPERM: 'the gateway may not write there. Change its owner or mode',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full. Free space on it',
  EDQUOT: 'the quota of the disk is used up. Free space on it',
}

/** An error of the file system with the directory and what to do; other errors as they are. */
export function explainSystemError(error: unknown, directory: string): unknown {
  const reason = reasons[codeOf(error) ?? '']
  return reason === undefined ? error : new Error(`${directory}: ${reason} (${codeOf(error)}).`, { cause: error })
}
