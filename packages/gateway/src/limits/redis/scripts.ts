/**
 * The Lua scripts that Redis runs for limits. PROTOCOL.md describes them and their keys; each script names its
 * parameters at its top.
 */
import { readFileSync } from 'node:fs'
import type { Script } from '../../redis/index.ts'

const common = read('common')

/** Read at start. The digest of the whole text is the script's name in Redis. */
function script(name: string): Script {
  return { name, lua: common + read(name) }
}

function read(name: string): string {
  return readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8')
}

export const scripts = {
  reserve: script('reserve'),
  settle: script('settle'),
  book: script('book'),
  adopt: script('adopt'),
  leases: script('leases'),
  read: script('read'),
  beat: script('beat'),
  join: script('join'),
  reported: script('reported'),
  leave: script('leave'),
} as const
