/**
 * Settings that a process reads at its start and a reload does not change: addresses, stores, and bounds of the
 * listeners. A reload applies everything else, above all what can take rights away from a caller: roles, callers,
 * tenants, limits, retention.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Config } from './schema/index.ts'

/** `gateway`, `gateway.listen`, `gateway.timeouts.keepAlive`: a renamed setting no longer passes type checking. */
type SettingPath = {
  [Section in keyof Config & string]: Section | PathsBelow<Section, NonNullable<Config[Section]>>
}[keyof Config & string]

type PathsBelow<Prefix extends string, Value> = Value extends object
  ? {
      [Key in keyof Value & string]:
        | `${Prefix}.${Key}`
        | (NonNullable<Value[Key]> extends object
            ? `${Prefix}.${Key}.${keyof NonNullable<Value[Key]> & string}`
            : never)
    }[keyof Value & string]
  : never

export const restartOnly = [
  'gateway.listen',
  'gateway.connectionsMax',
  'gateway.timeouts.requestHeaders',
  'gateway.timeouts.keepAlive',
  'admin.listen',
  'limits.store',
  'limits.whenStoreIsDown',
  'limits.leaseExpiry',
  'redis',
  'collect',
  'objects.remember',
  'ledger.directory',
  'ledger.shared',
  'ledger.store',
  'ledger.fsync',
  'ledger.whenUnwritable',
] as const satisfies readonly SettingPath[]

/** @returns the paths of `restartOnly` whose values differ. */
export function needingRestart(started: Config, next: Config): readonly string[] {
  return restartOnly.filter(path => !isDeepStrictEqual(at(started, path), at(next, path)))
}

function at(config: Config, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], config)
}
