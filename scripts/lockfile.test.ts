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

// Installed packages must be the reviewed ones, above all the runtime: it runs everything else.
test('L15 W10 every package of every platform has a checksum, and none runs a script when it is installed', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as Lockfile
  const entries = Object.entries(packages).filter(
    ([path]) => path.startsWith('node_modules/') && !path.includes('@gatehouse/'),
  )
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

type Manifest = Partial<Record<'dependencies' | 'devDependencies' | 'optionalDependencies', Record<string, string>>>

/** The manifests of the repository. */
const manifests = ['.', 'packages/gateway', 'packages/simulator', 'packages/console'].map(
  folder => JSON.parse(read(`${folder}/package.json`)) as Manifest,
)

// A dependency that nobody can justify is a way in.
test('every dependency has a row with its reason in docs/dependencies.md, and every row a dependency', () => {
  const used = manifests.flatMap(({ dependencies, devDependencies, optionalDependencies }) =>
    Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies }),
  )
  const rows = read('docs/dependencies.md').matchAll(/^\| (`[^|]+`) \|/gm)
  const explained = [...rows].flatMap(([, names = '']) =>
    [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  )
  assert.deepEqual([...new Set(explained)].sort(), [...new Set(used)].sort())
})

test('versions of dependencies are exact and the same in each package, and the runtime has one version on every platform', () => {
  const all = manifests.flatMap(({ dependencies, devDependencies, optionalDependencies }) =>
    Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }),
  )
  const versions = new Map<string, string>()
  for (const [name, version] of all) {
    assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, name)
    assert.equal(version, versions.get(name) ?? version, `${name} has one version`)
    versions.set(name, version)
  }
  const runtimes = [...versions].filter(([name]) => /^node-(bin-)?(linux|darwin|win)/.test(name))
  assert.equal(new Set(runtimes.map(([, version]) => version)).size, 1)
  assert.ok(runtimes.length >= 5)
})
