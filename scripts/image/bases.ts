/**
 * Stand-ins for the base images that the Dockerfile names, where no registry of images can be reached: the packages of
 * Debian that they are made of, unpacked without running anything of them.
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** What is in gcr.io/distroless/cc-debian12, as far as anything here uses it. */
const runtimePackages = ['base-files', 'netbase', 'tzdata', 'ca-certificates', 'libc6', 'libgcc-s1', 'libstdc++6']
/** A shell and the programs that the Dockerfile and npm call. */
const buildPackages = [
  ...runtimePackages,
  ...['dash', 'coreutils', 'libacl1', 'libattr1', 'libselinux1', 'libpcre2-8-0', 'libgmp10', 'libatomic1'],
]

/** glibc, libstdc++ and certificates, and the user nonroot. No shell. */
export function makeRuntimeBase(directory: string): void {
  unpack(runtimePackages, directory)
  writeFileSync(
    join(directory, 'etc/passwd'),
    'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
  )
  writeFileSync(join(directory, 'etc/group'), 'root:x:0:\nnonroot:x:65532:\n')
  const certificates = globSync('usr/share/ca-certificates/mozilla/*.crt', { cwd: directory }).sort()
  const bundle = certificates.map(file => readFileSync(join(directory, file), 'utf8')).join('')
  mkdirSync(join(directory, 'etc/ssl/certs'), { recursive: true })
  writeFileSync(join(directory, 'etc/ssl/certs/ca-certificates.crt'), bundle)
}

/** A shell, and the Node, the npm and the certificates of this machine. */
export function makeBuildBase(directory: string): void {
  unpack(buildPackages, directory)
  writeFileSync(join(directory, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
  // Where requests go through a proxy that ends TLS, npm must know its certificate.
  mkdirSync(join(directory, 'etc/ssl/certs'), { recursive: true })
  cpSync('/etc/ssl/certs/ca-certificates.crt', join(directory, 'etc/ssl/certs/ca-certificates.crt'))
  const [node, npm] = [programOf('node'), programOf('npm')]
  const bin = join(directory, 'usr/local/bin')
  const library = join(directory, 'usr/local/lib/node_modules/npm')
  for (const folder of [bin, join(directory, 'root'), join(directory, 'tmp')]) mkdirSync(folder, { recursive: true })
  cpSync(node, join(bin, 'node'))
  // npm-cli.js is in the folder bin of npm.
  cpSync(dirname(dirname(npm)), library, { recursive: true, dereference: true })
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(bin, 'npm'))
  chmodSync(join(bin, 'node'), 0o755)
}

/** Where a program of this machine's PATH is, after all links; not the one that this checkout brings. */
function programOf(name: string): string {
  const places = (process.env['PATH'] ?? '').split(':').filter(place => !place.includes('node_modules'))
  const { stdout, status } = spawnSync('sh', ['-c', `command -v ${name}`], {
    encoding: 'utf8',
    env: { PATH: places.join(':') },
  })
  if (status !== 0) throw new Error(`${name} is not on the PATH`)
  return realpathSync(stdout.trim())
}

function unpack(packages: readonly string[], directory: string): void {
  mkdirSync(directory, { recursive: true })
  const archives = mkdtempSync(`${directory}-packages-`)
  try {
    download(packages, archives)
    for (const archive of globSync('*.deb', { cwd: archives }).sort()) {
      run('dpkg-deb', ['--extract', archive, directory], archives)
    }
  } finally {
    rmSync(archives, { recursive: true })
  }
}

/** Lists of packages may be missing or old: they are fetched when a package is not found. */
function download(packages: readonly string[], archives: string): void {
  const args = ['-qq', '-o', 'APT::Sandbox::User=root', 'download', ...packages]
  if (spawnSync('apt-get', args, { cwd: archives, stdio: 'ignore' }).status === 0) return
  run('apt-get', ['-qq', 'update'], archives)
  run('apt-get', args, archives)
}

function run(program: string, args: readonly string[], cwd: string): void {
  const { status, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8' })
  if (error) throw error
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} exited with ${status}: ${stderr}`)
}
