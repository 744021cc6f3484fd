/** The image that the Dockerfile makes, built by buildah without a registry of images. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { makeBuildBase, makeRuntimeBase } from './bases.ts'

const root = dirname(dirname(import.meta.dirname))

/** Where buildah and podman keep images and containers. */
export interface Storage {
  readonly directory: string
}

/** What a program said. */
export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A build took 4 minutes on a busy machine of two cores, and more than 15 on an overloaded one. */
const programMsMax = 900_000

/** Runs a program to its end. What takes longer than `programMsMax` is ended, and has no status. */
export async function run(program: string, args: readonly string[]): Promise<Ran> {
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], timeout: programMsMax })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { status: child.exitCode, stdout, stderr }
}

/** Options of buildah and podman that choose the storage. */
export function storageOptions({ directory }: Storage): readonly string[] {
  return ['--root', join(directory, 'images'), '--runroot', join(directory, 'run')]
}

/** Names that the Dockerfile gives to its base images, and what stands in for them. */
const bases: Readonly<
  Record<string, { readonly make: (directory: string) => void; readonly change: readonly string[] }>
> = {
  'docker.io/library/node:26-bookworm-slim': {
    make: makeBuildBase,
    change: ['--change', 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt'],
  },
  'gcr.io/distroless/cc-debian12:nonroot': { make: makeRuntimeBase, change: [] },
}

/**
 * Builds the image `gatehouse` from the checkout, as root. Debian's archive and npm's registry must be reached.
 * @throws Error with what buildah said.
 */
export async function buildImage(storage: Storage): Promise<void> {
  for (const [name, { make, change }] of Object.entries(bases)) {
    const directory = mkdtempSync(join(storage.directory, 'base-'))
    const archive = `${directory}.tar`
    make(directory)
    await must('tar', ['-C', directory, '-cf', archive, '.'])
    await must('podman', [...storageOptions(storage), 'import', ...change, archive, name])
    for (const path of [directory, archive]) rmSync(path, { recursive: true })
  }
  const cache = spawnSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).stdout.trim()
  await must('buildah', [
    ...storageOptions(storage),
    ...['build', '--isolation', 'chroot', '--pull-never', '--format', 'docker', '--tag', 'gatehouse'],
    ...['--volume', `${cache}:/root/.npm`, root],
  ])
}

async function must(program: string, args: readonly string[]): Promise<void> {
  const { status, stdout, stderr } = await run(program, args)
  if (status === 0) return
  const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-20).join('\n')
  const how = status === null ? 'was ended, it took too long' : `exited with ${status}`
  throw new Error(`${program} ${args.join(' ')} ${how}:\n${said}`)
}
