/**
 * The Dockerfile, built by buildah, and the services of deploy/compose.yaml that have its image, run by podman and
 * runc: Debian's packages. Instead of a registry of images, scripts/image makes the base images from the packages of
 * Debian that they consist of; Redis is Debian's as well, in the network that the containers share.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { parse } from 'yaml'
import { buildImage, type Ran, run, storageOptions } from '../../scripts/image/build.ts'
import { eventually } from '../support/wait.ts'

interface Service {
  readonly image: string
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly volumes?: readonly string[]
  readonly network_mode?: string
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly stop_grace_period?: string
}

const root = join(import.meta.dirname, '..', '..')
const page = readFileSync(join(root, 'docs', 'deploy.md'), 'utf8')
const { services } = parse(readFileSync(join(root, 'deploy', 'compose.yaml'), 'utf8'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>
}

/** Not below /tmp, which may be in memory: an image has some hundred megabytes. */
const storage = { directory: mkdtempSync('/var/tmp/gatehouse-image-') }
const podman = (...args: readonly string[]): Promise<Ran> =>
  run('podman', [...storageOptions(storage), '--runtime', 'runc', '--cgroup-manager', 'cgroupfs', ...args])

/** @returns standard output. */
async function must(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await podman(...args)
  assert.equal(status, 0, `podman ${args.join(' ')}: ${stderr}`)
  return stdout.trim()
}

/** Runs a program of JavaScript in a container, by the Node of the image. @returns what it wrote. */
const inside = (name: string, program: string): Promise<string> =>
  must('exec', name, '/opt/gatehouse/node', '-e', program)

/** The options of a service as those of `podman run`, its volumes below a directory of the test. */
function optionsOf(service: Service): readonly string[] {
  const volumes = (service.volumes ?? []).map(volume =>
    volume.startsWith('./') ? volume.replace('.', join(root, 'deploy')) : volume,
  )
  return [
    ...(service.network_mode === undefined
      ? ['--network', 'none']
      : ['--network', service.network_mode.replace('service:', 'container:')]),
    // podman would put file systems in memory over /tmp and /run, which Docker does not.
    ...(service.read_only === true ? ['--read-only', '--read-only-tmpfs=false'] : []),
    ...(service.cap_drop ?? []).flatMap(one => ['--cap-drop', one]),
    ...(service.security_opt ?? []).flatMap(one => ['--security-opt', one.replace(':true', '')]),
    ...(service.stop_grace_period === undefined ? [] : ['--stop-timeout', service.stop_grace_period.replace('s', '')]),
    ...Object.entries(service.environment ?? {}).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...volumes.flatMap(one => ['--volume', one]),
    ...(service.entrypoint === undefined ? [] : ['--entrypoint', JSON.stringify(service.entrypoint)]),
  ]
}

/** Starts a service. Its health check is run by the test: podman would have systemd call it. */
async function start(name: string): Promise<void> {
  const service = services[name]
  assert.equal(service?.image, 'gatehouse')
  // podman's own limits are above what a container without CAP_SYS_RESOURCE may set.
  const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024']
  const options = ['--detach', '--name', name, '--no-healthcheck', ...limits, ...optionsOf(service)]
  await must('run', ...options, 'gatehouse', ...(service.command ?? []))
}

interface ImageConfig {
  readonly User: string
  readonly Entrypoint: readonly string[]
  readonly StopSignal: string
  readonly Volumes: Readonly<Record<string, object>>
  readonly Env: readonly string[]
}

/** A command of the health check, from what podman keeps of the image. */
async function healthCheck(): Promise<readonly string[]> {
  const check = await must('image', 'inspect', 'gatehouse', '--format', '{{json .HealthCheck.Test}}')
  const [kind, ...command] = JSON.parse(check) as readonly string[]
  assert.equal(kind, 'CMD')
  return command
}

const asRoot = process.getuid?.() === 0
const skip = asRoot ? false : 'it needs root'

suite('the image, built and run', { skip }, () => {
  before(() => buildImage(storage))
  after(async () => {
    await podman('rm', '--all', '--force', '--time', '0')
    await podman('rmi', '--all', '--force')
    // The driver of the storage mounts this directory over itself.
    await run('umount', [join(storage.directory, 'images', 'overlay')])
    rmSync(storage.directory, { recursive: true, force: true })
  })

  test('its user is not root, it has no shell, and nothing in it belongs to that user but its volume', async () => {
    const config = JSON.parse(
      await must('image', 'inspect', 'gatehouse', '--format', '{{json .Config}}'),
    ) as ImageConfig
    assert.equal(config.User, '65532:65532')
    assert.equal(config.StopSignal, 'SIGTERM')
    assert.deepEqual(Object.keys(config.Volumes), ['/var/lib/gatehouse'])
    assert.deepEqual(
      config.Env.filter(variable => !variable.startsWith('PATH=')),
      [],
      'nothing of the build is left',
    )
    const mounted = await must('image', 'mount', 'gatehouse')
    for (const shell of ['bin/sh', 'usr/bin/sh', 'bin/bash', 'bin/dash'])
      assert.ok(!existsSync(join(mounted, shell)), shell)
    const rights = ['-type', 'f', '(', '-perm', '/6000', '-o', '-perm', '-0002', ')']
    const found = await run('find', [mounted, '-xdev', '(', '-user', '65532', '-o', ...rights, ')'])
    assert.deepEqual(found.stdout.trim().split('\n'), [join(mounted, 'var/lib/gatehouse')])
    const opt = join(mounted, 'opt/gatehouse')
    for (const file of ['LICENSE', 'THIRD-PARTY-NOTICES', 'sbom.cdx.json']) assert.ok(existsSync(join(opt, file)), file)
    assert.ok(!existsSync(join(opt, 'node_modules/typescript')), 'nothing for development is there')
    assert.equal(
      readFileSync(join(opt, 'sbom.cdx.json'), 'utf8'),
      readFileSync(join(opt, 'node_modules/@gatehouse/gateway/sbom.cdx.json'), 'utf8'),
    )
  })

  test('the rehearsal of two gateways serves calls with the commands of the page, keeps its records, and ends with SIGTERM', async t => {
    await start('simulator')
    const pid = await must('inspect', 'simulator', '--format', '{{.State.Pid}}')
    const network = ['--target', pid, '--net']
    const data = mkdtempSync(join(storage.directory, 'redis-'))
    const [program = '', ...args] = services['redis']?.command ?? []
    const redis = spawn('nsenter', [...network, program, ...args, '--dir', data], { stdio: 'ignore' })
    const redisEnded = once(redis, 'close')
    t.after(async () => {
      redis.kill('SIGKILL')
      await redisEnded
    })
    await start('gateway-1')
    await start('gateway-2')
    const check = await healthCheck()
    await eventually(
      'the health check of the image succeeds in a gateway',
      async () => ((await podman('exec', 'gateway-1', ...check)).status === 0 ? true : null),
      120_000,
    )
    for (const port of ['8080', '8090']) await ready(port)

    const isolation = await inside('gateway-1', isolationProgram)
    assert.deepEqual(JSON.parse(isolation), {
      user: 65_532,
      effective: 0,
      bounding: 0,
      noNewRights: 1,
      written: 'EROFS',
    })

    const answered = await typePage(network)
    assert.match(answered, /^HTTP\/1\.1 200 /m)
    assert.match(answered, /^x-ratelimit-remaining-requests: 29$/im)
    const second = await typePage(network, commands => commands.replace('127.0.0.1:8080', '127.0.0.1:8090'))
    assert.match(second, /^x-ratelimit-remaining-requests: 28$/im, 'the gateways share a limit')

    await must('stop', 'gateway-1')
    assert.equal(await must('inspect', 'gateway-1', '--format', '{{.State.ExitCode}}'), '0')
    await must('start', 'gateway-1')
    await ready('8080')
    const figures = await inside('gateway-1', ownRecords)
    assert.deepEqual(JSON.parse(figures), ['gateway-1'], 'the record of the call is still on its volume')
    await must('stop', 'gateway-1', 'gateway-2')
  })
})

/** Waits until a gateway is ready. */
async function ready(port: string): Promise<void> {
  const asks = `fetch('http://127.0.0.1:${port}/readyz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))`
  await eventually(
    `the gateway on port ${port} is ready`,
    async () => ((await podman('exec', 'simulator', '/opt/gatehouse/node', '-e', asks)).status === 0 ? true : null),
    120_000,
  )
}

const isolationProgram = `
  const status = require('fs').readFileSync('/proc/1/status', 'utf8')
  const read = (name, base) => parseInt(new RegExp(name + ':\\\\s+(\\\\w+)').exec(status)[1], base)
  let written = 'yes'
  try { require('fs').writeFileSync('/opt/gatehouse/x', '') } catch (error) { written = error.code }
  console.log(JSON.stringify({ user: read('Uid', 10), effective: read('CapEff', 16), bounding: read('CapBnd', 16),
    noNewRights: read('NoNewPrivs', 10), written }))`

/** Names of the replicas in the records that a gateway has, read as somebody with the role. */
const ownRecords = `
  const body = new URLSearchParams({ grant_type: 'password', client_id: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
    username: 'carol@contoso.example', password: 'carol-in-the-simulator', scope: 'api://gatehouse/.default' })
  const tenant = 'http://127.0.0.1:8082/6f2b6c1e-3d0a-4b57-9c5e-0d2f8a7b1c34'
  const read = async () => {
    const token = await (await fetch(tenant + '/oauth2/v2.0/token', { method: 'POST', body })).json()
    const headers = { authorization: 'Bearer ' + token.access_token }
    const answer = await (await fetch('http://127.0.0.1:8081/api/v1/records', { headers })).json()
    console.log(JSON.stringify(answer.records.map(record => record.replica)))
  }
  read()`

/** Types the commands of the page that get a token and make a call. @returns what they wrote. */
async function typePage(network: readonly string[], change = (commands: string): string => commands): Promise<string> {
  const [, block = ''] = /^```sh\n(docker compose [\s\S]*?)^```/m.exec(page) ?? []
  const [up = '', ...commands] = block.split('\n')
  assert.match(up, /^docker compose -f deploy\/compose\.yaml up /)
  const shims = join(storage.directory, 'shims')
  mkdirSync(shims, { recursive: true })
  const own = storageOptions(storage).join(' ')
  const shim = (name: string, body: string): void => {
    writeFileSync(join(shims, name), `#!/bin/sh\n${body}\n`)
    chmodSync(join(shims, name), 0o755)
  }
  // docker compose -f FILE exec -T SERVICE COMMAND...
  shim('docker', `shift 5; exec podman ${own} --runtime runc --cgroup-manager cgroupfs exec "$@"`)
  shim('curl', `exec nsenter ${network.join(' ')} /usr/bin/curl --silent "$@"`)
  const { status, stdout, stderr } = await run('sh', ['-euc', `PATH=${shims}:$PATH\n${change(commands.join('\n'))}`])
  assert.equal(status, 0, stderr)
  return stdout
}
