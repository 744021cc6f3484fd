/** The chart as Helm renders it with a set of values. */
import { spawnSync } from 'node:child_process'

/** Kubernetes that Helm renders for; the schemas of the test are of the same one. */
export const kubernetesVersion = '1.36.0'

/** What a run of Helm said. */
export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs Helm without the settings of a user. @param home A directory of its own. */
export function helm(program: string, home: string, args: readonly string[]): Ran {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: home, KUBECONFIG: '/dev/null' },
  })
  if (error) throw error
  return { status, stdout, stderr }
}

/** Release by the name of its values. */
const releases: Readonly<Record<string, string>> = {
  aks: 'gatehouse',
  minimal: 'trial',
  plain: 'plain',
  production: 'prod',
}

/** Arguments of `helm template` for a set of values. */
export function templateArguments(chart: string, set: string, values: string): readonly string[] {
  const release = releases[set] ?? set
  return [
    ...['template', release, chart, '--namespace', 'gateways', '--values', values],
    ...['--kube-version', kubernetesVersion],
  ]
}
