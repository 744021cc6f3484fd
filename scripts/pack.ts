/**
 * Builds each package in its published form (JavaScript, types, data files) and packs it: one tarball per package, and
 * a package.json with a lockfile, so that `npm ci` installs them with exactly the versions that were tested. Beside
 * them and in them are the bill of materials (`sbom.cdx.json`, CycloneDX 1.6) and the licences of what is installed
 * with them.
 *   npm run pack -- [DIRECTORY]   writes all of it there; default dist/
 *
 * The manifests in the checkout point at TypeScript, which Node runs directly everywhere but below node_modules. The
 * published manifests point at the built files, so plain `npm pack` in a package's folder would pack something that
 * cannot run.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { readManifest } from '../packages/console/scripts/build.ts'
import { billText } from './shipped/bill.ts'
import { readLockfile, shippedWith } from './shipped/lockfile.ts'
import { noticesText } from './shipped/notices.ts'

const root = dirname(import.meta.dirname)
const builtConsole = join(root, 'packages/console/dist')

/** In the order in which they are built: the gateway's build reads the simulator's types. */
const packages = ['simulator', 'gateway'] as const

/** Files beside the built code that a package may have, from its own folder. */
const own = ['README.md', 'bin', 'gatehouse.example.yaml'] as const
/** Files from the root that every package has. */
const shared = ['LICENSE', 'CHANGELOG.md'] as const
/** Files about what is installed with a package. */
const materials = ['sbom.cdx.json', 'THIRD-PARTY-NOTICES'] as const

interface Manifest {
  readonly name: string
  readonly version: string
  readonly bin?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, string>>
  readonly private?: boolean
}

/**
 * @returns paths of the tarballs, absolute. @throws Error when a build or npm fails; their own messages are on stderr.
 */
export function packAll(directory: string): readonly string[] {
  const tarballs = packages.map(name => {
    const target = join(directory, name)
    rmSync(target, { recursive: true, force: true })
    mkdirSync(target, { recursive: true })
    build(name, directory)
    if (name === 'gateway') addConsole(target)
    const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as Manifest
    const source = join(root, 'packages', name)
    const extras = own.filter(extra => existsSync(join(source, extra)))
    for (const extra of extras) cpSync(join(source, extra), join(target, extra), { recursive: true })
    for (const extra of shared)
      writeFileSync(join(target, extra), withoutLinks(readFileSync(join(root, extra), 'utf8')))
    writeMaterials(name, target)
    const files = ['dist', ...extras, ...shared, ...materials]
    writeFileSync(join(target, 'package.json'), `${JSON.stringify(published(manifest, files), null, 2)}\n`)
    run('npm', ['pack', '--silent', '--pack-destination', directory], target)
    return join(directory, `${manifest.name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`)
  })
  writeInstallation(directory, tarballs)
  // The gateway's are those of the whole installation: it depends on the simulator.
  for (const file of [...materials, 'LICENSE']) cpSync(join(directory, 'gateway', file), join(directory, file))
  return tarballs
}

/** Files of the repository are named instead of linked: a package does not have them. */
function withoutLinks(text: string): string {
  return text.replaceAll(/\[([^\]]+)\]\((?!https?:)([^)#\s]+)[^)\s]*\)/g, (_, words: string, path: string) =>
    words === path ? path : `${words} (${path})`,
  )
}

/** The built page of the console, which the gateway serves from beside its own code. */
function addConsole(target: string): void {
  run('node', ['packages/console/scripts/build.ts'], root)
  cpSync(builtConsole, join(target, 'dist', 'console'), { recursive: true })
}

function writeMaterials(name: string, target: string): void {
  const bundled = name === 'gateway' ? readManifest(builtConsole)?.packages : undefined
  const shipped = shippedWith(readLockfile(), `packages/${name}`, bundled)
  const texts = { 'sbom.cdx.json': billText(shipped), 'THIRD-PARTY-NOTICES': noticesText([...shipped.values()]) }
  for (const file of materials) writeFileSync(join(target, file), texts[file])
}

interface Lockfile {
  readonly packages: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** Writes the package.json and the lockfile of a folder with the tarballs, from the lockfile of the checkout. */
function writeInstallation(directory: string, tarballs: readonly string[]): void {
  const { packages: locked } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lockfile
  const dependencies: Record<string, string> = {}
  const entries: Record<string, object> = {}
  for (const [at, name] of packages.entries()) {
    const file = `file:${basename(tarballs[at] ?? '')}`
    // The published manifest has other paths for its commands than the checkout's.
    const { bin } = JSON.parse(readFileSync(join(directory, name, 'package.json'), 'utf8')) as Manifest
    dependencies[`@gatehouse/${name}`] = file
    entries[`node_modules/@gatehouse/${name}`] = { ...locked[`packages/${name}`], bin, resolved: file }
  }
  for (const [path, entry] of Object.entries(locked)) {
    if (path.startsWith('node_modules/') && entry['link'] !== true && entry['dev'] !== true) entries[path] = entry
  }
  const name = 'gatehouse-installation'
  const write = (file: string, content: object): void =>
    writeFileSync(join(directory, file), `${JSON.stringify(content, null, 2)}\n`)
  write('package.json', { name, private: true, dependencies })
  write('package-lock.json', { name, lockfileVersion: 3, packages: { '': { name, dependencies }, ...entries } })
}

/** The checkout's manifest, changed to name the built files and to allow publishing. */
function published({ private: _, ...manifest }: Manifest, files: readonly string[]): object {
  const built = (path: string): string => path.replace(/^\.\/src\/(.*)\.ts$/, './dist/$1.js')
  const { bin = {}, exports = {} } = manifest
  return {
    ...manifest,
    bin: Object.fromEntries(Object.entries(bin).map(([name, path]) => [name, built(path)])),
    exports: Object.fromEntries(
      Object.entries(exports).map(([name, path]) => [
        name,
        { types: built(path).replace(/\.js$/, '.d.ts'), default: built(path) },
      ]),
    ),
    files,
  }
}

function build(name: string, directory: string): void {
  const source = join(root, 'packages', name, 'src')
  const out = join(directory, name, 'dist')
  const config = join(directory, `${name}.tsconfig.json`)
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        noEmit: false,
        declaration: true,
        rootDir: source,
        outDir: out,
        typeRoots: [join(root, 'node_modules', '@types')],
        // Otherwise the gateway's build would include the simulator's sources through its link in node_modules.
        paths: {
          '@gatehouse/simulator': [join(directory, 'simulator', 'dist', 'index.d.ts')],
          '@gatehouse/simulator/command': [join(directory, 'simulator', 'dist', 'cli', 'command.d.ts')],
        },
      },
      include: [source],
      exclude: [join(source, '**/*.test.ts'), join(source, '**/*.fixture.ts')],
    }),
  )
  run('tsc', ['-p', config], root)
  rmSync(config)
  // Imports in declarations keep the extension of the source, which the published package does not have.
  for (const file of globSync('**/*.d.ts', { cwd: out })) {
    const path = join(out, file)
    writeFileSync(path, readFileSync(path, 'utf8').replace(/((?:from|import\() ?'\.[^']*)\.ts'/g, "$1.js'"))
  }
  for (const file of globSync('**/*', { cwd: source, withFileTypes: true })) {
    const path = join(file.parentPath, file.name)
    if (!file.isFile() || file.name.endsWith('.ts') || path.includes('.fixture')) continue
    const copy = join(out, path.slice(source.length))
    mkdirSync(dirname(copy), { recursive: true })
    cpSync(path, copy)
  }
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ['ignore', 2, 2] })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} exited with ${status}`)
}

if (import.meta.main) {
  const [directory = join(root, 'dist')] = process.argv.slice(2)
  for (const path of packAll(resolve(directory))) process.stdout.write(`${path}\n`)
}
