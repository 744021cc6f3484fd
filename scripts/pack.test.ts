/**
 * The published form of both packages: built, packed, installed into an empty folder, and run on the machine's own
 * Node.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { startRedis, tell } from '../test/support/redis.ts'
import { startServedWorld } from '../test/support/served.ts'
import { eventually } from '../test/support/wait.ts'
import { ask } from '../test/support/world.ts'
import { packAll } from './pack.ts'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-packed-'))
const installed = join(folder, 'installed')

/** The environment of a user who has only installed the tarballs: no program of this checkout is on the path. */
const environment = {
  ...process.env,
  PATH: (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter(entry => !entry.includes('node_modules'))
    .join(delimiter),
}

// As on a machine in production: everything that was packed is copied there, and npm installs what the lockfile names.
before(() => {
  const packed = join(folder, 'packed')
  const tarballs = packAll(packed)
  mkdirSync(installed)
  for (const path of [...tarballs, join(packed, 'package.json'), join(packed, 'package-lock.json')]) {
    cpSync(path, join(installed, basename(path)))
  }
  const npm = spawnSync(
    'npm',
    ['ci', '--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: installed, env: environment, encoding: 'utf8' },
  )
  assert.equal(npm.status, 0, npm.stderr)
})
after(() => rmSync(folder, { recursive: true, force: true }))

const bin = (name: string): string => join(installed, 'node_modules', '.bin', name)

test("the installed command prints its help on the machine's own Node", () => {
  const { status, stdout, stderr } = spawnSync(bin('gatehouse'), ['--help'], { env: environment, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^Usage: gatehouse /)
  assert.equal(stderr, '')
})

test('the installed command simulates an instance that answers', async t => {
  const args = ['simulate', '--deployment', 'gpt-4o=gpt-4o', '--port', '0', '--json']
  const child = spawn(bin('gatehouse'), args, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => stop(child))
  const { url, key } = JSON.parse(await firstLine(child)) as { url: string; key: string }
  const answer = await fetch(`${url}/openai/v1/chat/completions`, {
    method: 'POST',
    headers: { 'api-key': key, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }] }),
  })
  assert.equal(answer.status, 200)
  const { usage } = (await answer.json()) as { usage: { total_tokens: number } }
  assert.ok(usage.total_tokens > 8)
})

// Workers, scripts for Redis and the library of the store are files beside the code: each must be in the package.
test('the installed command serves: a call is counted in a worker, limited in Redis, kept in the store and shipped by a feed', async t => {
  const redis = await startRedis(t)
  const archive = join(folder, 'archive')
  const world = await startServedWorld(t, {
    change: config => ({
      ...config,
      redis: { url: redis.url },
      limits: {
        store: 'redis',
        whenStoreIsDown: 'refuse',
        rules: { everybody: { requestsPerMinute: 3 } },
      },
      feeds: { archive: { kind: 'files', directory: archive, format: 'parquet', batch: { time: '1s' } } },
    }),
  })
  const served = await world.serve({ command: [bin('gatehouse')], path: environment.PATH })
  const answer = await fetch(`${served.url}/main/hr-bot/openai/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await world.token('alice')}`,
      'content-type': 'application/json',
      'x-simulator-fault': 'no-usage',
    },
    body: JSON.stringify({ model: 'gpt-4o', stream: true, messages: ask('What is a mutex?') }),
  })
  assert.equal(answer.status, 200)
  assert.notEqual(tell(redis.port, 'KEYS', '*rule/everybody:requestsPerMinute*'), '')
  assert.match(await answer.text(), /data: \[DONE\]/)
  const authorization = `Bearer ${await world.token('carol')}`
  const record = await eventually('the record is in the store', async () => {
    const read = await fetch(`${served.adminUrl}/api/v1/records`, { headers: { authorization } })
    assert.equal(read.status, 200)
    const { records } = (await read.json()) as { records: { usage: { source: string; totalTokens: number } }[] }
    return records[0] ?? null
  })
  assert.equal(record.usage.source, 'counted')
  assert.ok(record.usage.totalTokens > 8)
  const files = (): string[] => globSync('**/*.parquet', { cwd: archive })
  await eventually('the feed has written a file', () => (files().length > 0 ? true : null))
  assert.equal(await served.stop(), 0)
})

test('documents of the packages link only to what the package contains', () => {
  const pages = globSync('node_modules/@gatehouse/*/*.md', { cwd: installed })
  assert.equal(pages.length, 4, pages.join(', '))
  for (const page of pages) {
    const text = readFileSync(join(installed, page), 'utf8')
    for (const [, link = ''] of text.matchAll(/\]\(([^)#\s]+)/g)) {
      if (!/^https?:/.test(link)) assert.ok(existsSync(join(installed, dirname(page), link)), `${page}: ${link}`)
    }
  }
})

test('the manifests list files that the packages contain', () => {
  for (const name of ['gateway', 'simulator']) {
    const package_ = join(installed, 'node_modules/@gatehouse', name)
    const { files } = JSON.parse(readFileSync(join(package_, 'package.json'), 'utf8')) as { files: string[] }
    assert.ok(files.includes('dist'))
    for (const file of files) assert.ok(existsSync(join(package_, file)), `${name}: ${file}`)
  }
})

test('each package has the bill of materials and the notices of what is installed with it, and dist has those of all', () => {
  for (const name of ['gateway', 'simulator']) {
    const package_ = join(installed, 'node_modules/@gatehouse', name)
    const bill = readFileSync(join(package_, 'sbom.cdx.json'), 'utf8')
    assert.match(bill, new RegExp(`"bom-ref": "pkg:npm/%40gatehouse/${name}@`))
    assert.match(readFileSync(join(package_, 'THIRD-PARTY-NOTICES'), 'utf8'), /\ngpt-tokenizer [\d.]+ \(MIT\)\n/)
    if (name === 'gateway') assert.equal(readFileSync(join(folder, 'packed', 'sbom.cdx.json'), 'utf8'), bill)
  }
})

// The page is not built on the machine that serves it, and its bill must name what it is made of.
test('the gateway has the built console, and names the packages that are in it', () => {
  const package_ = join(installed, 'node_modules/@gatehouse/gateway')
  assert.ok(existsSync(join(package_, 'dist/console/index.html')))
  assert.ok(globSync('dist/console/assets/*.js.br', { cwd: package_ }).length > 0)
  assert.match(readFileSync(join(package_, 'THIRD-PARTY-NOTICES'), 'utf8'), /\nreact-dom [\d.]+ \(MIT\)\n/)
  assert.match(readFileSync(join(package_, 'sbom.cdx.json'), 'utf8'), /"bom-ref": "pkg:npm\/%40mantine\/core@/)
})

test('the installed simulator has a command of its own, which answers and ends with SIGTERM', async t => {
  const args = ['azure', 'entra', '--key', 'a-key', '--port', '0', '--entra-port', '0', '--json']
  const child = spawn(bin('gatehouse-simulator'), args, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => stop(child))
  const { azure } = JSON.parse(await firstLine(child)) as { azure: { url: string }[] }
  const answer = await fetch(`${azure[0]?.url}/openai/v1/models`, { headers: { 'api-key': 'a-key' } })
  assert.equal(answer.status, 200)
  const exited = once(child, 'exit')
  child.kill()
  assert.deepEqual(await exited, [0, null])
})

test('the installed command writes a configuration and checks it', () => {
  const write = spawnSync(bin('gatehouse'), ['config', 'init', 'gatehouse.yaml'], {
    cwd: installed,
    env: environment,
    encoding: 'utf8',
  })
  assert.equal(write.status, 0, write.stderr)
  assert.ok(readdirSync(installed).includes('gatehouse.yaml'))
})

test('a program compiles against the declarations of the packages', () => {
  writeFileSync(
    join(installed, 'program.ts'),
    `import { startAzure, type AzureSimulator } from '@gatehouse/simulator'
export const started: Promise<AzureSimulator> = startAzure({ name: 'eu', deployments: { a: { model: 'gpt-4o' } }, keys: ['k'] })
// @ts-expect-error a deployment has a model
startAzure({ name: 'eu', deployments: { a: {} }, keys: ['k'] })
`,
  )
  const { status, stdout } = spawnSync(
    'tsc',
    [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--ignoreConfig',
      'program.ts',
      '--types',
      'node',
      '--typeRoots',
      join(root, 'node_modules', '@types'),
    ],
    { cwd: installed, encoding: 'utf8' },
  )
  assert.equal(status, 0, stdout)
})

async function firstLine(child: ChildProcess): Promise<string> {
  assert.ok(child.stdout)
  for await (const line of createInterface({ input: child.stdout })) return line
  throw new Error('the command ended without a line')
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill()
  await once(child, 'exit')
}
