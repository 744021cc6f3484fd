/**
 * The commands of "On one machine" in docs/deploy.md, typed in their order into a shell. Paths of the page are below a
 * temporary directory, and `systemctl`, `chown` and `runuser` are programs of the test; all others are the real ones.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { DuckDBInstance } from '@duckdb/node-api'
import { packAll } from '../../scripts/pack.ts'
import { closedPort } from '../support/ports.ts'
import { type ServedWorld, startServedWorld } from '../support/served.ts'
import { eventually } from '../support/wait.ts'
import { ask, instanceKey } from '../support/world.ts'

const root = join(import.meta.dirname, '..', '..')
const page = readFileSync(join(root, 'docs', 'deploy.md'), 'utf8')

/** Commands of a heading's blocks, in their order. */
function commandsOf(heading: string): readonly string[] {
  const section = page.split(/^(?=#{2,3} )/m).find(part => part.startsWith(`### ${heading}\n`))
  assert.ok(section, `the page has a heading "${heading}"`)
  const blocks = [...section.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block = '']) => block)
  assert.ok(blocks.length > 0, `"${heading}" has commands`)
  return blocks
}

class Machine {
  readonly world: ServedWorld
  readonly place: string
  readonly port: number
  readonly adminPort: number

  constructor(world: ServedWorld, ports: readonly [gateway: number, admin: number]) {
    this.world = world
    this.place = join(world.directory, 'machine')
    this.port = ports[0]
    this.adminPort = ports[1]
    const made = ['etc/systemd/system', 'etc/sysusers.d', 'usr/local/bin', 'usr/local/sbin', 'var/lib', 'opt', 'shims']
    for (const folder of made) mkdirSync(join(this.place, folder), { recursive: true })
    copyFileSync(join(import.meta.dirname, '..', 'deploy', 'systemctl.sh'), this.path('shims/systemctl'))
    this.#shim('chown', 'test -e "$PLACE" && case "$*" in *gatehouse:gatehouse*) ;; *) exit 1 ;; esac')
    this.#shim('runuser', 'test "$1 $2 $3" = "-u gatehouse --" && shift 3 && exec "$@"')
    this.#shim('systemd-sysusers', 'exec /usr/bin/systemd-sysusers --root="$PLACE" "$@"')
    chmodSync(this.path('shims/systemctl'), 0o755)
  }

  path(name: string): string {
    return join(this.place, name)
  }

  /** Runs the commands of a heading. @returns what they wrote. */
  async follow(heading: string): Promise<string> {
    let written = ''
    for (const block of commandsOf(heading)) written += await this.run(block)
    return written
  }

  /** Runs commands of the page with this machine's paths and port. */
  async run(commands: string): Promise<string> {
    const here = commands
      .replace(/(?<=[\s"=])\/(?:opt|etc|var|usr\/local)\b/g, path => join(this.place, path))
      .replaceAll('127.0.0.1:8080', `127.0.0.1:${this.port}`)
    const child = spawn('sh', ['-eux', '-c', here], {
      cwd: this.path('work'),
      env: this.#environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [code, written] = await Promise.all([
      once(child, 'exit').then(([status]) => status as number | null),
      Promise.all([text(child.stdout), text(child.stderr)]),
    ])
    assert.equal(code, 0, `${written.join('')}\n${this.log()}`)
    return written.join('')
  }

  log(): string {
    const path = this.path('gatehouse.log')
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }

  /** One call. @returns its id. */
  async call(): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${this.port}/main/hr-bot/openai/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await this.world.token('alice')}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-4o', messages: ask('Hello') }),
    })
    assert.equal(answer.status, 200)
    await answer.text()
    return String(answer.headers.get('x-gatehouse-request-id'))
  }

  /** Ids of all records, once as many as these are there. */
  async records(least: number): Promise<readonly string[]> {
    const authorization = `Bearer ${await this.world.token('carol')}`
    return eventually(`${least} records`, async () => {
      const url = `http://127.0.0.1:${this.adminPort}/api/v1/records`
      const answer = await fetch(url, { headers: { authorization } }).catch(() => null)
      if (answer?.status !== 200) return null
      const { records } = (await answer.json()) as { records: { id: string }[] }
      return records.length >= least ? records.map(({ id }) => id).sort() : null
    })
  }

  #environment(): NodeJS.ProcessEnv {
    const own = [this.path('shims'), this.path('usr/local/bin'), this.path('usr/local/sbin')]
    // No program of this checkout is on the path.
    const others = (process.env['PATH'] ?? '').split(delimiter).filter(entry => !entry.includes('node_modules'))
    return {
      ...process.env,
      PATH: [...own, ...others].join(delimiter),
      PLACE: this.place,
      INSTANCE_KEY: instanceKey,
      npm_config_prefer_offline: 'true',
      npm_config_audit: 'false',
      npm_config_fund: 'false',
    }
  }

  #shim(name: string, body: string): void {
    writeFileSync(this.path(`shims/${name}`), `#!/bin/sh\n${body}\n`, { mode: 0o755 })
  }
}

/** What the operator has brought: what was packed, and `deploy/`. The next version is this one again. */
function bring(machine: Machine): void {
  const work = machine.path('work')
  mkdirSync(work)
  const dist = join(machine.world.directory, 'dist')
  for (const path of [...packAll(dist), join(dist, 'package.json'), join(dist, 'package-lock.json')]) {
    copyFileSync(path, join(work, basename(path)))
  }
  cpSync(join(root, 'deploy', 'systemd'), join(work, 'deploy', 'systemd'), { recursive: true })
  const unit = join(work, 'deploy', 'systemd', 'gatehouse.service')
  const moved = readFileSync(unit, 'utf8').replace(/\/(?:opt|etc)\/gatehouse/g, path => join(machine.place, path))
  writeFileSync(unit, moved)
}

/** Makes the store one that a newer version has written. */
async function ageStore(directory: string): Promise<void> {
  const instance = await DuckDBInstance.create(join(directory, 'ledger.duckdb'))
  const connection = await instance.connect()
  await connection.run('INSERT INTO schema_version SELECT max(version) + 1 FROM schema_version')
  connection.closeSync()
  instance.closeSync()
}

test('the page installs, starts, backs up, restores, upgrades, goes back and uninstalls', async t => {
  const machine = new Machine(await startServedWorld(t), [await closedPort(), await closedPort()])
  bring(machine)
  try {
    await followAll(machine)
  } finally {
    await machine.run('systemctl stop gatehouse')
  }
})

async function followAll(machine: Machine): Promise<void> {
  const ledger = machine.path('var/lib/gatehouse/ledger')
  const configured = {
    ...machine.world.config,
    gateway: { ...machine.world.config.gateway, listen: `127.0.0.1:${machine.port}` },
    admin: { ...machine.world.config.admin, listen: `127.0.0.1:${machine.adminPort}` },
    ledger: { ...machine.world.config.ledger, directory: ledger },
  }

  // The machine's own Node may be too old for the gateway; `--omit=dev` must not leave out the one that comes with it.
  assert.match(await machine.follow('Install'), /\n0\.1\.0\n/)
  assert.match(await machine.follow('Configure'), /valid/)
  writeFileSync(machine.path('etc/gatehouse/gatehouse.yaml'), JSON.stringify(configured))
  assert.match(await machine.follow('Start'), /"status":"ready"/)
  await eventually('the reload', () => (machine.log().includes('configuration_taken') ? true : null))

  const first = [await machine.call(), await machine.call()].sort()
  await machine.records(2)
  await machine.follow('Back up, while it runs')
  await machine.call()
  await machine.records(3)
  await machine.follow('Restore')
  assert.deepEqual(await machine.records(2), first, 'the restored ledger has the records of the copy')

  const before = [...first, await machine.call()].sort()
  await machine.follow('Upgrade')
  assert.deepEqual(await machine.records(3), before)
  const all = [...before, await machine.call()].sort()
  await machine.records(4)
  await machine.run('systemctl stop gatehouse')
  await ageStore(ledger)
  await machine.follow('The way back')
  assert.deepEqual(await machine.records(4), all, 'the old version has the records of the new one')

  await machine.follow('Uninstall')
  assert.ok(!existsSync(machine.path('opt/gatehouse')) && existsSync(ledger))
}
