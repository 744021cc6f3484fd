/** Everything that the checks find wrong in rendered manifests. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileCache } from '../../support/compile-cache.ts'
import { configText, readManifests } from './manifests.ts'
import { brokenRules } from './rules.ts'
import { wrongFields } from './schemas.ts'

const always = ['NetworkPolicy', 'PodDisruptionBudget', 'Service', 'Service', 'ServiceAccount', 'StatefulSet']
const kinds: Readonly<Record<string, readonly string[]>> = {
  aks: ['ConfigMap', 'HorizontalPodAutoscaler', 'StorageClass', ...always],
  minimal: ['ConfigMap', ...always],
  plain: ['ConfigMap', 'SecretProviderClass', 'Service', 'Service', 'ServiceMonitor', 'StatefulSet'],
  production: ['HorizontalPodAutoscaler', 'Secret', 'ServiceMonitor', ...always],
}

/** @param set Name of the values. @returns a line for each finding. */
export async function findings(set: string, text: string): Promise<readonly string[]> {
  const manifests = readManifests(text)
  const found = manifests.map(({ kind }) => kind).sort()
  const expected = [...(kinds[set] ?? [])].sort()
  const others = found.join() === expected.join() ? [] : [`there are ${found.join()}, and not ${expected.join()}`]
  const wrong = [...others, ...manifests.flatMap(wrongFields), ...brokenRules(manifests)]
  // What has no configuration, or one that is not the gateway's, is found already.
  return wrong.length > 0 ? wrong : refusedBy(configText(manifests))
}

const main = join(import.meta.dirname, '..', '..', '..', 'packages', 'gateway', 'src', 'cli', 'main.ts')

/** What `gatehouse config check --strict` says about a configuration; nothing when it is content. */
async function refusedBy(config: string): Promise<readonly string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-chart-'))
  try {
    const file = join(directory, 'gatehouse.yaml')
    const secret = join(directory, 'secret')
    writeFileSync(secret, 'a-secret-of-the-test-0123456789')
    writeFileSync(file, config.replace(/\/run\/secrets\/gatehouse\/[\w.-]+/g, secret))
    const child = spawn(process.execPath, [main, 'config', 'check', '--strict', '--config', file], {
      env: { ...compileCache, PATH: process.env['PATH'], POD_NAME: 'gatehouse-0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [out, said, status] = await Promise.all([
      child.stdout.toArray(),
      child.stderr.toArray(),
      new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve)),
    ])
    return status === 0 ? [] : [Buffer.concat([...out, ...said]).toString('utf8')]
  } finally {
    rmSync(directory, { recursive: true })
  }
}
