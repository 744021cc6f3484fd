import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isInstalled } from './installed.mjs'

type Packages = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** Whether `installed` is taken for what `wanted` asks for. */
function compare(wanted: Packages | string, installed: Packages | string | null): boolean {
  const root = mkdtempSync(join(tmpdir(), 'gatehouse-test-'))
  const text = (value: Packages | string) => (typeof value === 'string' ? value : JSON.stringify({ packages: value }))
  try {
    mkdirSync(join(root, 'node_modules'))
    writeFileSync(join(root, 'package-lock.json'), text(wanted))
    if (installed !== null) writeFileSync(join(root, 'node_modules', '.package-lock.json'), text(installed))
    return isInstalled(root)
  } finally {
    rmSync(root, { recursive: true })
  }
}

const one = { version: '1.0.0', integrity: 'sha512-a' }
const other = { version: '2.0.0', integrity: 'sha512-b', optional: true }
const wanted: Packages = {
  '': { name: 'workspace' },
  'packages/gateway': { name: '@gatehouse/gateway' },
  'node_modules/@gatehouse/gateway': { resolved: 'packages/gateway', link: true },
  'node_modules/one': one,
  'packages/gateway/node_modules/other': other,
}
const { '': _, ...installed } = wanted
const { 'packages/gateway/node_modules/other': __, ...withoutOptional } = installed
const { 'node_modules/one': ___, ...withoutOne } = installed

test('what this repository lists is installed here', () => {
  assert.equal(isInstalled(join(import.meta.dirname, '..')), true)
})

test('what npm has installed is not installed again; optional packages of other platforms may be missing', () => {
  assert.equal(compare(wanted, installed), true)
  assert.equal(compare(wanted, withoutOptional), true)
})

for (const [what, found] of [
  ['nothing', null],
  ['half a file', '{"packages": {'],
  ['a file without packages', '{}'],
  ['a package too few', withoutOne],
  ['a package too many', { ...installed, 'node_modules/more': one }],
  ['another version', { ...installed, 'node_modules/one': { ...one, version: '1.0.1' } }],
  ['another checksum', { ...installed, 'node_modules/one': { ...one, integrity: 'sha512-c' } }],
] as const) {
  test(`with ${what} npm installs`, () => {
    assert.equal(compare(wanted, found), false)
  })
}
