/**
 * What `gatehouse login` remembers: the gateway and the sign-in settings. No secrets; tokens have a file of their own.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const profile = z.object({
  gateway: z.url().nullable(),
  admin: z.url().nullable(),
  authority: z.url(),
  tenantId: z.string(),
  clientId: z.string(),
  scope: z.string(),
  account: z.string(),
})
export type Profile = Readonly<z.infer<typeof profile>>

function profilePath(directory: string): string {
  return join(directory, 'profile.json')
}

/** Null before the first sign-in, and when the file is invalid: the next sign-in writes it again. */
export async function readProfile(directory: string): Promise<Profile | null> {
  try {
    const found = profile.safeParse(JSON.parse(await readFile(profilePath(directory), 'utf8')))
    return found.success ? found.data : null
  } catch {
    return null
  }
}

export async function writeProfile(directory: string, value: Profile): Promise<void> {
  const fresh = `${profilePath(directory)}.${randomBytes(6).toString('hex')}.new`
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await writeFile(fresh, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })
  await rename(fresh, profilePath(directory))
}

export async function removeProfile(directory: string): Promise<void> {
  await rm(profilePath(directory), { force: true })
}
