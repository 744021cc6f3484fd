/**
 * Builds the page into `dist/`: index.html, hashed files in `assets/` with a `.br` and a `.gz` beside each,
 * packages.json with what an installation has, and manifest.json, which has the digest of the sources and the packages
 * that are in the bundle. Does nothing when `dist/`
 * is of the sources as they are.
 *   node packages/console/scripts/build.ts [DIRECTORY]   default: packages/console/dist
 */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { build, type InlineConfig, type Rolldown } from 'vite'
import { readLockfile, shippedWith } from '../../../scripts/shipped/lockfile.ts'
import { noticesText } from '../../../scripts/shipped/notices.ts'

const folder = dirname(import.meta.dirname)
const root = dirname(dirname(folder))

const settings = {
  root: folder,
  configFile: false,
  logLevel: 'error',
  build: {
    target: 'es2023',
    emptyOutDir: true,
    // Nothing is put into the page itself: the server's policy allows images and fonts from its own files alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2_000,
    // One file of styles, and one of script for what pages share: a page is there after three files instead of twenty.
    cssCodeSplit: false,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'shared', test: isShared, minShareCount: 3 }] } } },
  },
} as const satisfies InlineConfig

/** Large, and of pages that one opens on purpose. */
const ofSomePages =
  /node_modules\/(?:@codemirror|@lezer|@marijn|crelt|style-mod|w3c-keyname|diff|marked)\/|\/src\/parts\/(?:editor|markdown)\//

function isShared(module: string): boolean {
  return !ofSomePages.test(module.replaceAll('\\', '/'))
}

/** What `manifest.json` says. */
export interface Manifest {
  /** SHA-256 of everything that the page is built from, hexadecimal. */
  readonly sources: string
  /** Places in the lockfile of the packages whose code or styles are in the page, sorted. */
  readonly packages: readonly string[]
}

/** Digest of the page's sources, its settings and the lockfile. */
export function digestOfSources(): string {
  const own = globSync(['src/**/*', 'scripts/*', 'index.html', 'package.json', 'tsconfig.json'], {
    cwd: folder,
    exclude: ['**/*.test.ts'],
  })
  const hash = createHash('sha256')
  for (const path of own.sort()) {
    if (/\.\w+$/.test(path))
      hash
        .update(`${path}\0`)
        .update(readFileSync(join(folder, path)))
        .update('\0')
  }
  return hash.update(readFileSync(join(root, 'package-lock.json'))).digest('hex')
}

/** The manifest of a built page; null where there is none. */
export function readManifest(directory: string): Manifest | null {
  const file = join(directory, 'manifest.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Manifest) : null
}

/**
 * Builds the page beside `directory` and puts it there in one step, so that a server never reads half of one.
 * @returns false when there was nothing to do.
 */
export async function buildConsole(directory: string): Promise<boolean> {
  const sources = digestOfSources()
  if (readManifest(directory)?.sources === sources) return false
  const made = `${directory}.${randomUUID()}`
  try {
    const output = await build({ ...settings, build: { ...settings.build, outDir: made } })
    const manifest: Manifest = { sources, packages: packagesOf([output].flat() as Rolldown.RolldownOutput[]) }
    await writePackages(made, manifest.packages)
    await compressAll(made)
    await writeFile(join(made, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
    await replace(directory, made)
    return true
  } finally {
    await rm(made, { recursive: true, force: true })
  }
}

/**
 * `packages.json`: what an installation of the gateway has besides itself, this page included, and the name of the file
 * in `assets/` that has the texts of the licences.
 */
async function writePackages(made: string, bundled: readonly string[]): Promise<void> {
  const shipped = [...shippedWith(readLockfile(), 'packages/gateway', bundled).values()]
  const text = noticesText(shipped)
  const notices = `notices-${createHash('sha256').update(text).digest('hex').slice(0, 10)}.txt`
  const packages = shipped
    .filter(({ integrity }) => integrity !== null)
    .map(({ name, version, licence }) => ({ name, version, licence }))
  await writeFile(join(made, 'assets', notices), text)
  await writeFile(join(made, 'packages.json'), `${JSON.stringify({ notices, packages }, null, 2)}\n`)
}

/** Another build may put its page there at the same time: the last one stays. */
async function replace(directory: string, made: string): Promise<void> {
  const old = `${directory}.${randomUUID()}`
  await mkdir(dirname(directory), { recursive: true })
  for (let tries = 0; tries < 5; tries += 1) {
    await rename(directory, old).catch(ignoreMissing)
    try {
      await rename(made, directory)
      break
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
    }
    await rm(old, { recursive: true, force: true })
  }
  await rm(old, { recursive: true, force: true })
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}

function packagesOf(outputs: readonly Rolldown.RolldownOutput[]): readonly string[] {
  const chunks = outputs.flatMap(({ output }) => output).filter(one => one.type === 'chunk')
  const places = chunks.flatMap(({ moduleIds }) => moduleIds).flatMap(id => placeOf(id.replaceAll('\\', '/')) ?? [])
  return [...new Set(places)].sort()
}

/** `node_modules/NAME` of a module, from the root; null for the page's own files. */
function placeOf(module: string): string | null {
  const at = module.lastIndexOf('node_modules/')
  if (at === -1) return null
  const [first = '', second = ''] = module.slice(at + 'node_modules/'.length).split('/')
  const from = module.indexOf('node_modules/')
  return `${module.slice(from, at)}node_modules/${first.startsWith('@') ? `${first}/${second}` : first}`
}

async function compressAll(directory: string): Promise<void> {
  const files = globSync(['index.html', 'assets/*'], { cwd: directory })
  await Promise.all(files.map(file => compress(join(directory, file))))
}

async function compress(file: string): Promise<void> {
  const bytes = await readFile(file)
  const [small, smaller] = await Promise.all([
    promisify(gzip)(bytes, { level: 9 }),
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.byteLength } }),
  ])
  await writeFile(`${file}.gz`, small)
  await writeFile(`${file}.br`, smaller)
}

if (import.meta.main) {
  const directory = resolve(process.argv[2] ?? join(folder, 'dist'))
  const isNew = await buildConsole(directory)
  process.stdout.write(isNew ? `built: ${directory}\n` : `as its sources: ${directory}\n`)
}
