/** Programs that the tests need beside Node and npm, from Debian's packages. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** By program: its package, and what tests use it for. */
export type Programs = Readonly<Record<string, { readonly package: string; readonly reason: string }>>

export const testPrograms: Programs = {
  curl: { package: 'curl', reason: 'pastes what the demonstration prints' },
  python3: { package: 'python3', reason: 'pastes what the demonstration prints' },
  zsh: { package: 'zsh', reason: 'completes command lines' },
  fish: { package: 'fish', reason: 'completes command lines' },
  mount: { package: 'mount', reason: 'fills a small disk' },
  prlimit: { package: 'util-linux', reason: 'fills a small disk' },
  strace: { package: 'strace', reason: 'lets writes and syncs of a disk fail' },
  chromium: { package: 'chromium', reason: 'calls from a page' },
  promtool: { package: 'prometheus', reason: 'checks alerts and dashboards' },
  prometheus: { package: 'prometheus', reason: 'scrapes a gateway and evaluates alerts and dashboards' },
  'redis-server': { package: 'redis-server', reason: 'shares limits and objects between replicas' },
  nginx: { package: 'nginx-light', reason: 'ends TLS in front of a gateway' },
  caddy: { package: 'caddy', reason: 'ends TLS in front of a gateway' },
  'systemd-analyze': { package: 'systemd', reason: 'checks the unit of the gateway' },
}

export const interopPrograms: Programs = {
  java: { package: 'default-jre-headless', reason: 'runs Apache Kafka' },
  mvn: { package: 'maven', reason: 'fetches Apache Kafka' },
  buildah: { package: 'buildah', reason: 'builds the image of the Dockerfile' },
  podman: { package: 'podman', reason: 'runs the image' },
  runc: { package: 'runc', reason: 'runs the image' },
  pip3: { package: 'python3-pip', reason: 'fetches libraries for Python' },
}

/**
 * Installs missing packages, as root with apt-get. @returns what is wrong and what to do; null when all programs are
 * there.
 */
export function installMissing(needed: Programs): string | null {
  const missing = missingPackages(needed)
  if (missing.length === 0) return null
  const install = `apt-get install -y ${missing.join(' ')}`
  if (process.getuid?.() !== 0 || !isInstalled('apt-get')) {
    return `the tests need ${reasons(needed)}; as root, type: ${install}`
  }
  process.stdout.write(`Installing Debian's packages ${missing.join(', ')} (once) ...\n`)
  // No server is started when its package is installed: tests start their own.
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  for (const args of [
    ['update', '-qq'],
    ['install', '-y', '-qq', ...missing],
  ]) {
    spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env: environment })
  }
  return missingPackages(needed).length === 0
    ? null
    : `the tests need ${reasons(needed)}; apt-get did not install them: ${install}`
}

function missingPackages(needed: Programs): readonly string[] {
  const names = Object.entries(needed).flatMap(([program, row]) => (isInstalled(program) ? [] : [row.package]))
  return [...new Set(names)]
}

function reasons(needed: Programs): string {
  return Object.entries(needed)
    .filter(([program]) => !isInstalled(program))
    .map(([program, { reason }]) => `${program} (it ${reason})`)
    .join(', ')
}

function isInstalled(program: string): boolean {
  // Debian's paths of users lack /usr/sbin, where nginx is.
  return [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'].some(folder => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
