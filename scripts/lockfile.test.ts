import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

interface Lockfile {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly version: string
        readonly integrity?: string
        readonly hasInstallScript?: boolean
        readonly resolved?: string
      }
    >
  >
}

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')

// What is installed must be what was reviewed, the runtime above all: it runs everything else.
test('L15 W10 every package of every platform has a checksum, and none runs a script when it is installed', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as Lockfile
  const entries = Object.entries(packages).filter(([path]) => path !== '')
  assert.ok(entries.length > 200)
  const without = entries.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''))
  assert.deepEqual(
    without.map(([path]) => path),
    [],
  )
  const scripted = entries.filter(([, { hasInstallScript }]) => hasInstallScript === true)
  assert.deepEqual(scripted, [])
  assert.match(read('.npmrc'), /^ignore-scripts=true$/m)
  assert.deepEqual(
    entries.filter(([, { resolved }]) => resolved !== undefined),
    [],
    'the lockfile names no address',
  )
})

test('the versions of dependencies are exact, and the runtime is one version on every platform', () => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read('package.json')) as Record<
    string,
    Record<string, string>
  >
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })) {
    assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, name)
  }
  const runtimes = Object.entries(optionalDependencies ?? {}).filter(([name]) => name.startsWith('node-'))
  assert.equal(new Set(runtimes.map(([, version]) => version)).size, 1)
  assert.ok(runtimes.length >= 5)
})
