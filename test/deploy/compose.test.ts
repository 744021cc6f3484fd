/**
 * deploy/compose.yaml without containers: the commands of its gateways, its simulator and its Redis as processes of
 * this machine, with the same configuration, on free ports.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { demoAudience, demoDirectory } from '../../packages/simulator/src/directory.ts'
import { compileCache } from '../support/compile-cache.ts'
import { temporaryDirectory } from '../support/directory.ts'
import { closedPort } from '../support/ports.ts'
import { eventually } from '../support/wait.ts'
import { ask, type Scope } from '../support/world.ts'
import { instruction, ownCommand } from './dockerfile.ts'

interface Service {
  readonly image: string
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly volumes?: readonly string[]
}

const deploy = join(import.meta.dirname, '..', '..', 'deploy')
const { services } = parse(readFileSync(join(deploy, 'compose.yaml'), 'utf8'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>
}

/** Two consecutive ports where nothing listens: those of the simulated instances. */
async function closedPair(): Promise<number> {
  return eventually('two free ports', async () => {
    const port = await closedPort()
    const free = await fetch(`http://127.0.0.1:${port + 1}/`).then(
      () => false,
      () => true,
    )
    return free && port < 65_535 ? port : null
  })
}

class Rehearsal {
  readonly directory = temporaryDirectory('compose')
  readonly #t: Scope
  readonly #ports: ReadonlyMap<string, number>

  private constructor(t: Scope, ports: ReadonlyMap<string, number>) {
    this.#t = t
    this.#ports = ports
  }

  static async prepare(t: Scope): Promise<Rehearsal> {
    const first = await closedPair()
    const ports = new Map([
      ['8083', first],
      ['8084', first + 1],
    ])
    for (const port of ['8080', '8081', '8082', '8090', '8091', '6379']) ports.set(port, await closedPort())
    return new Rehearsal(t, ports)
  }

  url(port: string): string {
    return `http://127.0.0.1:${this.#ports.get(port)}`
  }

  /** The text with the ports of this run in the place of those of the file. */
  here(text: string): string {
    return text.replace(/\b(?:808[0-4]|809[01]|6379)\b/g, port => String(this.#ports.get(port)))
  }

  /** Starts a service of the image that the Dockerfile makes. */
  start(name: string): ChildProcess {
    const service = services[name]
    assert.equal(service?.image, 'gatehouse')
    const command = [...(service.entrypoint ?? instruction('ENTRYPOINT')), ...(service.command ?? instruction('CMD'))]
    const config = this.#config(name, service)
    const [program = '', ...args] = ownCommand(command.map(arg => this.here(arg))).map(arg =>
      arg.replace('/etc/gatehouse/gatehouse.yaml', config),
    )
    const environment = Object.entries(service.environment ?? {}).map(([key, value]) => [key, this.here(value)])
    const child = spawn(program, args, {
      cwd: this.directory,
      env: { ...compileCache, PATH: process.env['PATH'], HOME: this.directory, ...Object.fromEntries(environment) },
      stdio: 'ignore',
    })
    this.#endWith(child)
    return child
  }

  startRedis(): void {
    const [program = '', ...args] = services['redis']?.command ?? []
    const port = new URL(this.url('6379')).port
    this.#endWith(spawn(program, [...args, '--port', port, '--dir', this.directory], { stdio: 'ignore' }))
  }

  /** The configuration that is mounted into the service, with a ledger of its own. */
  #config(name: string, { volumes = [] }: Service): string {
    const mounted = volumes.find(volume => volume.includes(':/etc/gatehouse/gatehouse.yaml:'))?.split(':')[0]
    if (mounted === undefined) return ''
    const path = join(this.directory, `${name}.yaml`)
    const text = readFileSync(join(deploy, mounted), 'utf8')
    writeFileSync(path, this.here(text).replace('/var/lib/gatehouse', join(this.directory, name)))
    return path
  }

  #endWith(child: ChildProcess): void {
    const ended = once(child, 'close')
    this.#t.after(async () => {
      child.kill('SIGKILL')
      await ended
    })
  }
}

/** Waits until a process has started. @param place port as in the file, and path. */
async function answers(run: Rehearsal, place: string): Promise<void> {
  const [port = '', ...path] = place.split('/')
  const url = `${run.url(port)}/${path.join('/')}`
  await eventually(
    `${place} answers`,
    () =>
      fetch(url).then(
        ({ ok }) => (ok ? true : null),
        () => null,
      ),
    60_000,
  )
}

const signInKeys = `${demoDirectory.tenantId}/discovery/v2.0/keys`

async function tokenOf(authority: string): Promise<string> {
  const alice = demoDirectory.people.find(({ name }) => name === 'alice')
  assert.ok(alice)
  const answer = await fetch(`${authority}/${demoDirectory.tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
      username: alice.userPrincipalName,
      password: alice.password,
      scope: `${demoAudience}/.default`,
    }),
  })
  const { access_token: token } = (await answer.json()) as { access_token: string }
  return token
}

test('the services of compose.yaml serve calls, share a limit, and have figures for Prometheus', async t => {
  const run = await Rehearsal.prepare(t)
  run.startRedis()
  run.start('simulator')
  run.start('gateway-1')
  run.start('gateway-2')
  const answering = ['8080/readyz', '8090/readyz', '8081/metrics', '8091/metrics', `8082/${signInKeys}`]
  for (const place of answering) await answers(run, place)
  const authorization = `Bearer ${await tokenOf(run.url('8082'))}`
  let answered = 0
  const remainingAt = async (port: string): Promise<number> => {
    const answer = await fetch(`${run.url(port)}/main/hr-bot/openai/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-4o', messages: ask('Hello') }),
    })
    const text = await answer.text()
    assert.ok(answer.ok || answer.status === 429, text)
    if (answer.ok) answered += 1
    return Number(answer.headers.get('x-ratelimit-remaining-requests'))
  }
  // On a busy machine Redis answers late, and a gateway then decides by itself. Two that share nothing never count like
  // this before the first calls are older than the minute of the limit.
  const counted = async (): Promise<true | null> => {
    const [first, second] = [await remainingAt('8080'), await remainingAt('8090')]
    return first > 0 && second === first - 1 ? true : null
  }
  await eventually('the second gateway counts what the first one served', counted, 30_000)
  const scraped = readFileSync(join(deploy, 'compose', 'prometheus.yaml'), 'utf8')
  const { scrape_configs: jobs } = parse(run.here(scraped)) as {
    scrape_configs: { static_configs: { targets: string[] }[] }[]
  }
  const targets = jobs.flatMap(job => job.static_configs.flatMap(one => one.targets))
  assert.equal(targets.length, 2)
  let scrapedCalls = 0
  for (const target of targets) {
    const figures = await (await fetch(`http://${target}/metrics`)).text()
    const [, calls] = /^gatehouse_calls_total\{.*workload="hr-bot".*outcome="completed".*\} (\d+)$/m.exec(figures) ?? []
    assert.ok(Number(calls) > 0, figures)
    scrapedCalls += Number(calls)
  }
  assert.equal(scrapedCalls, answered)
})
