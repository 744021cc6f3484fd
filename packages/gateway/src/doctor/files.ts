/** Owner and mode of the configuration and of the secrets that it brings in. */
import { open, stat } from 'node:fs/promises'
import { type Check, type Finding, failure, ok, type Subject, warning } from './index.ts'

export const files: Check = {
  looksAt: 'Mode of the configuration file, and of each file that it brings in with `${file:PATH}`.',
  timeoutMs: 5_000,
  async run(subject) {
    // They have neither owner nor mode in this sense.
    if (process.getuid === undefined) return [ok('Windows has no modes.')]
    const found = await Promise.all(subject.loaded.sources.map(path => modeOf(path, subject)))
    return found.flat()
  },
}

async function modeOf(path: string, { loaded, config }: Subject): Promise<readonly Finding[]> {
  const { mode } = await stat(path)
  const shown = (mode & 0o777).toString(8).padStart(4, '0')
  if ((mode & 0o002) !== 0)
    return [failure(`Every user can write it (mode ${shown}), and so decide who may call.`, `chmod o-w ${path}`, path)]
  if ((mode & 0o020) !== 0)
    return [warning(`Its group can write it (mode ${shown}).`, `chmod g-w ${path}, unless the group is meant.`, path)]
  const isSecret = path !== loaded.path && path !== config.prices.catalogue && !(await isCertificate(path))
  if (isSecret && (mode & 0o004) !== 0)
    return [warning(`Every user can read this secret (mode ${shown}).`, `chmod 600 ${path}, or 640.`, path)]
  return [ok(`Mode ${shown}.`, path)]
}

const certificateBegin = '-----BEGIN CERTIFICATE-----'

/** Certificates of authorities are public. */
async function isCertificate(path: string): Promise<boolean> {
  const file = await open(path, 'r')
  try {
    const { buffer } = await file.read(Buffer.alloc(certificateBegin.length), 0, certificateBegin.length, 0)
    return buffer.toString('latin1') === certificateBegin
  } finally {
    await file.close()
  }
}
